import { inferenceContract } from '@midplane/contracts';
import {
  asError,
  type Logger,
  RedisConnections,
  runInContext,
  type SecretBox,
  type ServiceHandlers,
  span,
  UserError,
} from '@midplane/kernel';
import { type Job, WaitingError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { ZodType } from 'zod';
import type { Priority } from '../scheduling/scheduler.js';
import { type InferenceCall, type Kind, type Lane, lanesOf, queueName } from './calls.js';
import {
  CANCEL_CHANNEL,
  type CallJob,
  type CallOutcome,
  type CallRequest,
  doneChannel,
  Envelopes,
  inputKey,
  KEPT_MS,
  outcomeKey,
} from './envelope.js';
import { unavailable } from './queue-failure.js';

export interface InferenceWorkerOptions {
  redisUrl: string;
  /** What this worker does. */
  kinds: readonly Kind[];
  /** Jobs of each lane that it has in hand at once: one more than it works on, or as many as fill a batch. */
  inHand: Record<Priority, number>;
  /** How long a job belongs to a worker that gives no sign of life, in ms; then another takes it up. */
  leaseMs: number;
}

/** A job that kills its worker is tried once more: one crash is bad luck, two are the work itself. */
const MOST_STALLS = 1;
/** How often in each lease the jobs of dead workers are looked for. */
const LOOKS_PER_LEASE = 3;
/** What BullMQ says of one that stalled more often. */
const STALLED = /stalled/;

/** Why a run's signal aborts. */
class Cancelled extends Error {
  override readonly name = 'Cancelled';
}
class Stopping extends Error {
  override readonly name = 'Stopping';
}

type AnyJob = Job<CallJob, void, InferenceCall>;

/** The worker's side of inference behind a queue: takes jobs of its kinds, does them, and lays their outcomes down. */
export class InferenceWorker {
  private readonly connections: RedisConnections;
  private readonly redis: Redis;
  private readonly envelopes: Envelopes;
  private readonly workers: Worker<CallJob, void, InferenceCall>[];
  private readonly runs = new Map<string, { cancel: AbortController; ended: Promise<void> }>();

  /** @param handlers do the calls */
  constructor(
    options: InferenceWorkerOptions,
    private readonly handlers: ServiceHandlers<'inference'>,
    box: SecretBox,
    private readonly logger: Logger,
  ) {
    this.connections = new RedisConnections(
      options.redisUrl,
      logger,
      'Redis cannot be reached; the worker waits for it',
    );
    this.envelopes = new Envelopes(box);
    this.redis = this.connections.receiver();
    const subscriber = this.connections.receiver();
    subscriber.on('message', (_, id: string) =>
      this.runs.get(id)?.cancel.abort(new Cancelled('nobody waits')),
    );
    void subscriber.subscribe(CANCEL_CHANNEL).catch(() => undefined);
    this.workers = lanesOf(options.kinds).map((lane) => this.workerOf(lane, options));
  }

  /** Jobs that are being done. */
  get running(): number {
    return this.runs.size;
  }

  /**
   * Takes nothing more, and gives back what does not end in time, for others to take up at once.
   * @param graceMs how long that is
   */
  async stop(graceMs: number): Promise<void> {
    await Promise.allSettled(this.workers.map((worker) => worker.pause(true)));
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise<void>((resolve) => (timer = setTimeout(resolve, graceMs)));
    await Promise.race([this.ended(), grace]);
    clearTimeout(timer);
    for (const { cancel } of this.runs.values()) cancel.abort(new Stopping());
    // Giving back through a Redis that is away would be for ever: those jobs' leases run out.
    const { reachable } = this.connections;
    if (reachable) await this.ended();
    await Promise.allSettled(this.workers.map((worker) => worker.close(!reachable)));
    this.connections.close();
  }

  private async ended(): Promise<void> {
    await Promise.allSettled([...this.runs.values()].map(({ ended }) => ended));
  }

  private workerOf(lane: Lane, { inHand, leaseMs }: InferenceWorkerOptions) {
    const worker = new Worker<CallJob, void, InferenceCall>(
      queueName(lane),
      (job, token) => this.process(job, token),
      {
        connection: this.redis,
        concurrency: inHand[lane.priority],
        lockDuration: leaseMs,
        stalledInterval: Math.ceil(leaseMs / LOOKS_PER_LEASE),
        maxStalledCount: MOST_STALLS,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
      },
    );
    worker.on('error', this.connections.failed);
    worker.on('failed', (job, error) => {
      if (job && STALLED.test(error.message)) void this.bury(job).catch(() => undefined);
    });
    return worker;
  }

  private async process(job: AnyJob, token: string | undefined): Promise<void> {
    const cancel = new AbortController();
    const ended = this.run(job, cancel.signal).finally(() => this.runs.delete(job.id!));
    this.runs.set(job.id!, { cancel, ended: ended.catch(() => undefined) });
    await ended;
    if (!(cancel.signal.reason instanceof Stopping)) return;
    await job.moveToWait(token);
    throw new WaitingError();
  }

  private async run(job: AnyJob, signal: AbortSignal): Promise<void> {
    const id = job.id!;
    const sealed = await this.redis.getBuffer(inputKey(id));
    // Whoever asked has gone away.
    if (!sealed) return;
    const outcome = await this.open(job, sealed).then(
      (request) => this.do(job, request, untilDeadline(signal, request.context)),
      (error: unknown) => this.fault(job, error),
    );
    if (outcome) await this.deliver(job, outcome);
  }

  private open(job: AnyJob, sealed: Buffer): Promise<CallRequest> {
    return this.envelopes.openRequest(job.id!, sealed);
  }

  /** @returns undefined where nobody waits any more, or somebody else is to do it */
  private async do(
    job: AnyJob,
    { context, input }: CallRequest,
    signal: AbortSignal,
  ): Promise<CallOutcome | undefined> {
    const attributes = { 'midplane.job.id': job.id!, 'midplane.job.attempt': job.attemptsStarted };
    try {
      const output = await runInContext({ ...context, signal }, () =>
        span(`inference ${job.name}`, attributes, () => this.answer(job.name, input)),
      );
      return { output };
    } catch (thrown) {
      if (signal.aborted) return undefined;
      return thrown instanceof UserError ? { problem: thrown.problem } : this.fault(job, thrown);
    }
  }

  private fault(job: AnyJob, thrown: unknown): CallOutcome {
    const error = asError(thrown);
    this.logger.error({ jobId: job.id, call: job.name, err: error }, 'an inference job failed');
    return { fault: `${error.name}: ${error.message}` };
  }

  /** The caller may be of another release: its input is read as the contract has it here. */
  private async answer(call: InferenceCall, input: unknown): Promise<unknown> {
    const schema = inferenceContract[call]['~orpc'].inputSchema as ZodType | undefined;
    const handle = this.handlers[call] as (input: unknown) => unknown;
    return handle(schema ? schema.parse(input) : input);
  }

  /** In one step: a caller that looks after its job finds the input or the outcome. */
  private async deliver({ id, data }: AnyJob, outcome: CallOutcome): Promise<void> {
    await this.redis
      .multi()
      .set(outcomeKey(id!), this.envelopes.outcome(id!, outcome), 'PX', KEPT_MS)
      .unlink(inputKey(id!))
      .publish(doneChannel(data.caller), id!)
      .exec();
  }

  /** A job that fails was not answered: its workers died over it. */
  private async bury(job: AnyJob): Promise<void> {
    this.logger.error(
      { jobId: job.id, call: job.name },
      'an inference job is given up: its workers died over it',
    );
    const sealed = await this.redis.getBuffer(inputKey(job.id!));
    if (!sealed) return;
    const { locale } = (await this.open(job, sealed)).context;
    await this.deliver(job, { problem: unavailable(job.name, 'died', { locale }).problem });
  }
}

function untilDeadline(signal: AbortSignal, { deadline }: CallRequest['context']): AbortSignal {
  if (deadline === undefined) return signal;
  return AbortSignal.any([signal, AbortSignal.timeout(Math.max(0, deadline - Date.now()))]);
}
