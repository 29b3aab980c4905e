import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locale } from '@midplane/contracts';
import {
  currentContext,
  type Logger,
  newId,
  RedisConnections,
  type SecretBox,
  UserError,
} from '@midplane/kernel';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import {
  type CallInput,
  type CallOutput,
  CALLS,
  type InferenceCall,
  type Kind,
  KINDS,
  type Lane,
  lanesOf,
  queueName,
} from './calls.js';
import {
  CANCEL_CHANNEL,
  type CallJob,
  type CallOutcome,
  doneChannel,
  Envelopes,
  inputKey,
  KEPT_MS,
  outcomeKey,
} from './envelope.js';
import { unavailable } from './queue-failure.js';

export interface InferenceQueueOptions {
  redisUrl: string;
  /** Jobs that may wait in one lane, of all callers together. */
  jobsWaiting: number;
  /**
   * What the inputs in one lane may take in Redis, of all callers together and those in workers' hands included. One
   * input is always taken.
   */
  bytesInRedis: number;
  /** Texts of one lane that this process may wait for. */
  textsWaiting: number;
  /** How long no worker may be there before what waits is given up, in ms. Default 10,000. */
  workerPatienceMs?: number;
}

const WORKER_PATIENCE_MS = 10_000;
/** How often is looked after what is waited for: a message that it is done may be lost while Redis is away. */
const SWEEP_MS = 1_000;
/** A job that a sweep finds nowhere is sent again, but not for ever. */
const MOST_SENDS = 3;
/** How long a call waits for a connection that comes back. */
const CONNECT_MS = 3_000;
/** How often a full lane is looked at again by bulk work that waits for room. */
const ROOM_MS = 100;

/** A call on its way. */
interface Asked {
  id: string;
  call: InferenceCall;
  lane: Lane;
  /** How problems name what it waits for. */
  model: string;
  locale: Locale;
  /** Its input, sealed. */
  request: Buffer;
}

/** A call whose outcome is waited for. */
interface Waiting extends Asked {
  /** How often Redis has taken it. */
  sends: number;
  sending: boolean;
  settle(outcome: CallOutcome | UserError): void;
}

/**
 * The caller's side of inference behind a queue: seals a call's input, lays it into Redis beside a job without text,
 * and waits for its outcome. The input is kept here until then: what Redis loses is sent again.
 */
export class InferenceQueue {
  private readonly id = newId();
  private readonly connections: RedisConnections;
  private readonly redis: Redis;
  private readonly envelopes: Envelopes;
  private readonly queues = new Map<string, Queue<CallJob>>();
  private readonly waiting = new Map<string, Waiting>();
  /** Texts in each lane that this process waits for. */
  private readonly texts = new Map<string, number>();
  /** By lane, the end of the line of bulk work that waits for room. */
  private readonly lines = new Map<string, Promise<void>>();
  /** By kind, when workers were last looked for, and since when none is there; in ms of the monotonic clock. */
  private readonly workers = new Map<Kind, { at: number; missingSince: number | undefined }>();
  private readonly timer: NodeJS.Timeout;
  private sweeping: Promise<void> | undefined;

  constructor(
    private readonly options: InferenceQueueOptions,
    box: SecretBox,
    logger: Logger,
  ) {
    this.connections = new RedisConnections(
      options.redisUrl,
      logger,
      'Redis cannot be reached; inference waits for it',
    );
    this.envelopes = new Envelopes(box);
    this.redis = this.connections.sender();
    const subscriber = this.connections.receiver();
    subscriber.on('message', (_, id: string) => void this.fetch(id).catch(() => undefined));
    void subscriber.subscribe(doneChannel(this.id)).catch(() => undefined);
    this.timer = setInterval(() => {
      this.sweeping ??= this.sweep().finally(() => (this.sweeping = undefined));
    }, SWEEP_MS).unref();
  }

  /**
   * Has a worker do a call, in the request context of this one.
   * @throws UserError as the call does in-process; MODEL_OVERLOADED where too much waits already (bulk work waits for
   *   room in Redis), MODEL_UNAVAILABLE where Redis or workers are not there; the signal's reason
   */
  async call<Call extends InferenceCall>(call: Call, input: CallInput<Call>): Promise<CallOutput<Call>> {
    const { signal, principal, traceId, locale, deadline } = currentContext();
    signal.throwIfAborted();
    const { kind, lane: laneOf, texts: textsOf } = CALLS[call];
    const lane: Lane = { kind, priority: laneOf(input) };
    const model = (input as { model?: string } | undefined)?.model ?? kind;
    const leave = this.enter(queueName(lane), textsOf(input), model);
    try {
      const id = newId();
      const context = { principal, traceId, locale, deadline };
      const request = await this.envelopes.request(id, { context, input });
      const asked = { id, call, lane, model, locale, request };
      await this.connected(asked, signal);
      return (await this.outcome(asked, signal)) as CallOutput<Call>;
    } finally {
      leave();
    }
  }

  /** Jobs in each lane: those that wait, and those that workers have taken. The same in every process. */
  async load(): Promise<(Lane & { waiting: number; active: number })[]> {
    if (this.redis.status !== 'ready') return [];
    return Promise.all(
      lanesOf(KINDS).map(async (lane) => {
        const { waiting = 0, active = 0 } = await this.queueOf(lane).getJobCounts('waiting', 'active');
        return { ...lane, waiting, active };
      }),
    );
  }

  /** Waits for nothing: who still waits is told that the queue is gone. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.sweeping;
    for (const call of this.waiting.values()) call.settle(unavailable(call.model, 'redis', call));
    await Promise.allSettled([...this.queues.values()].map((queue) => queue.close()));
    this.connections.close();
  }

  /** Counts texts in. @returns counts them out */
  private enter(name: string, texts: number, model: string): () => void {
    const before = this.texts.get(name) ?? 0;
    if (before > 0 && before + texts > this.options.textsWaiting)
      throw new UserError('MODEL_OVERLOADED', { model });
    this.texts.set(name, before + texts);
    return () => this.texts.set(name, this.texts.get(name)! - texts);
  }

  private async connected({ model, locale }: Asked, signal: AbortSignal): Promise<void> {
    if (this.redis.status === 'ready') return;
    const enough = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)]);
    await once(this.redis, 'ready', { signal: enough }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw unavailable(model, 'redis', { cause: error, locale });
    });
  }

  /** Sends a job where its lane has room. Bulk work waits for that, one after the other; a person is told. */
  private async dispatch(call: Waiting): Promise<void> {
    if (call.lane.priority !== 'bulk') {
      if (await this.full(call)) throw new UserError('MODEL_OVERLOADED', { model: call.model });
      return this.send(call);
    }
    const name = queueName(call.lane);
    const before = this.lines.get(name);
    const turn = (async () => {
      await before?.catch(() => undefined);
      while (this.waiting.has(call.id) && (await this.full(call))) {
        await this.expectWorker(call);
        await sleep(ROOM_MS);
      }
      if (this.waiting.has(call.id)) await this.send(call);
    })();
    this.lines.set(name, turn);
    await turn;
  }

  private outcome(asked: Asked, signal: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const settle = (how: () => void): void => {
        if (!this.waiting.delete(asked.id)) return;
        signal.removeEventListener('abort', onAbort);
        how();
      };
      const onAbort = (): void =>
        settle(() => {
          void this.withdraw(asked).catch(() => undefined);
          reject(signal.reason as Error);
        });
      const waiting: Waiting = {
        ...asked,
        sends: 0,
        sending: false,
        settle: (outcome) =>
          settle(() => {
            if (outcome instanceof UserError) reject(outcome);
            else if ('output' in outcome) resolve(outcome.output);
            else if ('problem' in outcome)
              reject(new UserError(outcome.problem.code, outcome.problem.params));
            else reject(new Error(outcome.fault));
          }),
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.waiting.set(asked.id, waiting);
      this.dispatch(waiting).catch((error: unknown) => {
        const { model, locale } = asked;
        waiting.settle(
          error instanceof UserError ? error : unavailable(model, 'redis', { cause: error, locale }),
        );
      });
    });
  }

  private async send(call: Waiting): Promise<void> {
    call.sending = true;
    // On one connection: whoever sees the job finds its input.
    try {
      await Promise.all([
        this.redis.set(inputKey(call.id), call.request, 'PX', KEPT_MS),
        this.queueOf(call.lane).add(call.call, { caller: this.id }, { jobId: call.id }),
      ]);
      call.sends += 1;
    } catch (error) {
      this.queues.delete(queueName(call.lane));
      throw unavailable(call.model, 'redis', { cause: error, locale: call.locale });
    } finally {
      call.sending = false;
    }
    // Its caller went away while it was sent.
    if (!this.waiting.has(call.id)) await this.withdraw(call);
  }

  /** Takes a call back: out of the queue, or out of the hands of the worker that has it. */
  private async withdraw({ id, lane }: Asked): Promise<void> {
    await this.redis.unlink(inputKey(id));
    const removed = await this.queueOf(lane)
      .remove(id)
      .catch(() => 0);
    if (removed === 0) await this.redis.publish(CANCEL_CHANNEL, id);
  }

  /** Takes a call's outcome out of Redis, where it is there. */
  private async fetch(id: string): Promise<void> {
    const call = this.waiting.get(id);
    if (!call) return;
    const sealed = await this.redis.getBuffer(outcomeKey(id));
    if (!sealed) return;
    call.settle(this.read(call, sealed));
    await this.redis.unlink(outcomeKey(id));
  }

  private read({ id, model, locale }: Waiting, sealed: Buffer): CallOutcome | UserError {
    try {
      return this.envelopes.openOutcome(id, sealed);
    } catch (error) {
      return unavailable(model, 'key', { cause: error, locale });
    }
  }

  /** Keeps the inputs of what is waited for, finds outcomes that nobody told of, and sends again what is gone. */
  private async sweep(): Promise<void> {
    try {
      const calls = [...this.waiting.values()].filter(({ sends, sending }) => sends > 0 && !sending);
      if (calls.length === 0 || this.redis.status !== 'ready') return;
      const asking = this.redis.pipeline();
      // In this order: a worker lays the outcome there before it takes away the rest.
      for (const { id, lane } of calls)
        asking.pexpire(inputKey(id), KEPT_MS).exists(this.queueOf(lane).toKey(id)).exists(outcomeKey(id));
      const replies = ((await asking.exec()) ?? []).map(([, reply]) => reply === 1);
      for (const [i, call] of calls.entries()) {
        const [input, job, outcome] = replies.slice(3 * i, 3 * i + 3);
        if (outcome) await this.fetch(call.id);
        else if (!input || !job) await this.sendAgain(call);
      }
      for (const call of calls) await this.giveUpWithoutWorker(call);
    } catch {
      // Redis went away: the next sweep looks again.
    }
  }

  private async sendAgain(call: Waiting): Promise<void> {
    if (!this.waiting.has(call.id)) return;
    if (call.sends >= MOST_SENDS)
      call.settle(unavailable(call.model, 'lost', { n: call.sends, locale: call.locale }));
    else await this.send(call);
  }

  private async giveUpWithoutWorker(call: Waiting): Promise<void> {
    await this.expectWorker(call).catch((error: unknown) => {
      if (error instanceof UserError) call.settle(error);
    });
  }

  /** @throws UserError MODEL_UNAVAILABLE where no worker has been there for a while */
  private async expectWorker({ lane, model, locale }: Asked): Promise<void> {
    const patienceMs = this.options.workerPatienceMs ?? WORKER_PATIENCE_MS;
    const now = performance.now();
    const last = this.workers.get(lane.kind);
    let missing = last?.missingSince;
    if (!last || now - last.at >= SWEEP_MS) {
      const there = (await this.queueOf(lane).getWorkersCount()) > 0;
      // Nobody knows what was since a look that is long ago.
      const known = last !== undefined && now - last.at < patienceMs;
      missing = there ? undefined : ((known ? missing : undefined) ?? now);
      this.workers.set(lane.kind, { at: now, missingSince: missing });
    }
    if (missing !== undefined && now - missing > patienceMs)
      throw unavailable(model, 'noWorker', { n: Math.floor((now - missing) / 1000), locale });
  }

  /** @throws UserError MODEL_UNAVAILABLE where Redis does not answer */
  private async full({ lane, request, model, locale }: Asked): Promise<boolean> {
    const { jobsWaiting, bytesInRedis } = this.options;
    try {
      const queue = this.queueOf(lane);
      const [waiting, active] = await Promise.all([
        queue.getRanges(['waiting'], 0, jobsWaiting - 1),
        queue.getRanges(['active'], 0, -1),
      ]);
      if (waiting.length >= jobsWaiting) return true;
      const others = await this.bytesOf([...waiting, ...active]);
      return others > 0 && others + request.length > bytesInRedis;
    } catch (error) {
      this.queues.delete(queueName(lane));
      throw unavailable(model, 'redis', { cause: error, locale });
    }
  }

  /** What the inputs of jobs take in Redis. */
  private async bytesOf(ids: readonly string[]): Promise<number> {
    const asking = this.redis.pipeline();
    for (const id of ids) asking.strlen(inputKey(id));
    const sizes = (await asking.exec()) ?? [];
    return sizes.reduce((sum, [, size]) => sum + (size as number), 0);
  }

  private queueOf(lane: Lane): Queue<CallJob> {
    const name = queueName(lane);
    const known = this.queues.get(name);
    if (known) return known;
    const queue = new Queue<CallJob>(name, {
      connection: this.redis,
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
      streams: { events: { maxLen: 100 } },
    });
    queue.on('error', this.connections.failed);
    this.queues.set(name, queue);
    return queue;
  }
}
