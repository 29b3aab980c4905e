import type { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { asError } from '../errors/errors.js';
import type { Database } from '../persistence/database.js';
import type { Logger } from '../telemetry/logger.js';
import { type DispatchedJob, JobRepository } from './job.repository.js';
import type { JobTransport, JobWorkerPort } from './job-transport.port.js';
import { RedisConnections } from './redis-connections.js';

export interface BullMqTransportOptions {
  /** How often due jobs are looked for that nobody announced. Default 1,000. */
  pollMs?: number;
  /** How long a job may lie in Redis unclaimed before it is taken for lost and sent again. Default 10,000. */
  redispatchMs?: number;
}

const DISPATCHED_AT_ONCE = 500;

/**
 * Sends the ids of due jobs through Redis, one queue for each service, to whichever process has room. Redis holds
 * nothing that matters: the worker claims in Postgres, and what nobody claims is sent again.
 */
export class BullMqTransport implements JobTransport {
  private readonly repository: JobRepository;
  private readonly pollMs: number;
  private readonly redispatchMs: number;
  private readonly connections: RedisConnections;
  /** Commands fail at once while Redis is away: the next round sends again. */
  private readonly sender: Redis;
  private readonly queues = new Map<string, Queue>();
  /** Waits for jobs, and for Redis to come back, for as long as it takes. */
  private receiver: Redis | undefined;
  private workers: Worker[] = [];
  private timer: NodeJS.Timeout | undefined;
  private readonly waiting = new Set<string>();
  private dispatching = false;
  private dispatched: Promise<void> = Promise.resolve();
  private running = 0;
  private stopped = false;

  constructor(
    redisUrl: string,
    database: Database,
    private readonly logger: Logger,
    options: BullMqTransportOptions = {},
  ) {
    this.repository = new JobRepository(database);
    this.pollMs = options.pollMs ?? 1_000;
    this.redispatchMs = options.redispatchMs ?? 10_000;
    this.connections = new RedisConnections(
      redisUrl,
      logger,
      'Redis cannot be reached; jobs wait in Postgres',
    );
    this.sender = this.connections.sender();
  }

  async start(worker: JobWorkerPort): Promise<void> {
    if (worker.services.length > 0) this.receiver = this.connections.receiver();
    this.workers = await Promise.all(worker.services.map((service) => this.workerOf(service, worker)));
    // Only the processes that do a service's jobs look for forgotten ones; others send what they queue themselves.
    const pokeOwn = () => worker.services.forEach((service) => this.poke(service));
    this.timer = setInterval(pokeOwn, this.pollMs);
    pokeOwn();
  }

  poke(service: string): void {
    this.waiting.add(service);
    if (!this.dispatching) this.dispatched = this.dispatch();
  }

  async stopTaking(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    // Not awaited: a worker is closed when its runs have ended, and those are ended by the caller.
    for (const worker of this.workers) void worker.pause(true).catch(() => undefined);
    await this.dispatched;
  }

  async check(): Promise<void> {
    await this.sender.ping();
  }

  async close(): Promise<void> {
    this.stopped = true;
    await this.dispatched;
    await Promise.allSettled([
      // Waiting for what did not end in time, or for a Redis that is away, would be for ever.
      ...this.workers.map((worker) => worker.close(this.running > 0 || !this.connections.reachable)),
      ...[...this.queues.values()].map((queue) => queue.close()),
    ]);
    this.connections.close();
  }

  /** Made when Redis is there: a queue that could not greet it at first never works again. */
  private async queueOf(service: string): Promise<Queue> {
    const { Queue } = await bullMq();
    const known = this.queues.get(service);
    if (known) return known;
    const queue = new Queue(queueName(service), {
      connection: this.sender,
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    });
    queue.on('error', this.connections.failed);
    this.queues.set(service, queue);
    return queue;
  }

  private async workerOf(service: string, worker: JobWorkerPort): Promise<Worker> {
    const { Worker } = await bullMq();
    const receiver = new Worker<{ id: string }>(
      queueName(service),
      async ({ data }) => {
        const job = this.stopped ? undefined : await worker.claimById(data.id);
        if (!job) return;
        this.running++;
        await worker.run(job).finally(() => this.running--);
      },
      {
        connection: this.receiver!,
        concurrency: worker.concurrency,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
      },
    );
    receiver.on('error', this.connections.failed);
    return receiver;
  }

  /** Ends in the same tick in which it has seen that nobody poked, so that no poke is missed. */
  private async dispatch(): Promise<void> {
    this.dispatching = true;
    try {
      while (this.waiting.size > 0 && !this.stopped) {
        const services = [...this.waiting];
        this.waiting.clear();
        if (this.sender.status !== 'ready') return;
        const jobs = await this.repository.dispatch(services, DISPATCHED_AT_ONCE, this.redispatchMs);
        if (jobs.length === DISPATCHED_AT_ONCE) services.forEach((service) => this.waiting.add(service));
        for (const service of services) await this.send(service, jobs);
      }
    } catch (error) {
      this.logger.warn({ err: asError(error) }, 'jobs cannot be sent to Redis now');
    } finally {
      this.dispatching = false;
    }
  }

  private async send(service: string, jobs: DispatchedJob[]): Promise<void> {
    // The same attempt is in the queue once, however often it is sent.
    const own = jobs
      .filter((job) => job.service === service)
      .map(({ id, attempts }) => ({ name: service, data: { id }, opts: { jobId: `${id}-${attempts}` } }));
    if (own.length === 0) return;
    try {
      const queue = await this.queueOf(service);
      await queue.addBulk(own);
    } catch (error) {
      this.queues.delete(service);
      throw error;
    }
  }
}

/** Four megabytes that a process without jobs of its own does without. */
const bullMq = () => import('bullmq');

const queueName = (service: string): string => `midplane-${service}`;
