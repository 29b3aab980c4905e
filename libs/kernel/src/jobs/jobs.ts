import { JOBS, type JobName, type JobPayload, type Page, type PageInput } from '@midplane/contracts';
import type { EntityManager } from 'typeorm';
import { currentContext } from '../context/request-context.js';
import { asError } from '../errors/errors.js';
import type { Database } from '../persistence/database.js';
import type { Logger } from '../telemetry/logger.js';
import { AfterCommit } from './after-commit.js';
import { listDeadJobs, retryDeadJob } from './dead-jobs.js';
import { publishJobCounts } from './job.metrics.js';
import { JobRepository } from './job.repository.js';
import type { DeadJob, EnqueueOptions, JobHandler } from './job.types.js';
import type { JobTransport } from './job-transport.port.js';
import { JobWorker } from './job-worker.js';
import { type QueueState, queueStates } from './queue-state.js';

const DEFAULT_MAX_ATTEMPTS = 5;
/** Leases are renewed, and expired ones taken back, three times in each lease. */
const TICKS_PER_LEASE = 3;
const TICKS_PER_PRUNING = 60;
const PRUNED_AT_ONCE = 1_000;

export interface JobsOptions {
  /** Jobs of each service that this process runs at once. Default 2. */
  concurrency?: number;
  /** How long a claim holds without a heartbeat, in ms. Default 30,000. */
  leaseMs?: number;
  /** How long runs have to end after `stop`, in ms. Default 5,000. */
  graceMs?: number;
  /** How long finished jobs are kept, in ms. Default 7 days. */
  keptMs?: number;
}

/**
 * Background jobs. The table `job` is both outbox and truth: a job is queued by the transaction that causes it, is
 * claimed under a lease, and ends as DONE or, after its attempts, as DEAD, which a person can see and retry.
 */
export class Jobs {
  private readonly handlers = new Map<JobName, JobHandler<JobName>>();
  private readonly repository: JobRepository;
  private readonly afterCommit: AfterCommit;
  private readonly options: Required<JobsOptions>;
  private services: readonly string[] = [];
  private worker: JobWorker | undefined;
  private ticker: Promise<void> | undefined;
  private readonly stopped = new AbortController();
  private stopping: Promise<void> | undefined;
  private unpublish = (): void => undefined;

  constructor(
    private readonly database: Database,
    private readonly transport: JobTransport,
    private readonly logger: Logger,
    options: JobsOptions = {},
  ) {
    this.options = {
      concurrency: options.concurrency ?? 2,
      leaseMs: options.leaseMs ?? 30_000,
      graceMs: options.graceMs ?? 5_000,
      keptMs: options.keptMs ?? 7 * 86_400_000,
    };
    this.repository = new JobRepository(database);
    this.afterCommit = new AfterCommit((service) => this.transport.poke(service));
    database.dataSource.subscribers.push(this.afterCommit);
  }

  /**
   * Queues a job in the caller's transaction: rolled back, it was never queued. It runs in the request context of
   * this call (who asked, trace, language; not its deadline).
   *
   * @param manager of a running {@link Database.tenant} transaction
   * @returns the job's id; undefined where one with the same dedupeKey waits or runs
   * @throws ZodError for a payload that is not the job's
   */
  async enqueue<N extends JobName>(
    manager: EntityManager,
    name: N,
    payload: JobPayload<N>,
    options: EnqueueOptions = {},
  ): Promise<string | undefined> {
    const { service, payload: schema } = JOBS[name];
    const { principal, traceId, locale } = currentContext();
    this.afterCommit.register(manager, service);
    return this.repository.insert(manager, {
      ...options,
      service,
      name,
      payload: schema.parse(payload),
      context: { principal, traceId, locale },
      maxAttempts: options.maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
    });
  }

  /** Declares who does the jobs of a name. @throws Error for a second handler, and after `start` */
  handle<N extends JobName>(name: N, handler: JobHandler<N>): void {
    if (this.worker) throw new Error(`The handler of the job ${name} comes after the start.`);
    if (this.handlers.has(name)) throw new Error(`The job ${name} has two handlers in this process.`);
    this.handlers.set(name, handler as unknown as JobHandler<JobName>);
  }

  /**
   * Begins to run jobs.
   * @param services those of this process; none: it only queues jobs
   * @throws Error naming every job of these services that has no handler, and every handler of another's job
   */
  async start(services: readonly string[]): Promise<void> {
    const names = Object.keys(JOBS) as JobName[];
    const missing = names.filter((name) => services.includes(JOBS[name].service) && !this.handlers.has(name));
    const strange = [...this.handlers.keys()].filter((name) => !services.includes(JOBS[name].service));
    if (missing.length > 0) throw new Error(`These jobs have no handler here: ${missing.join(', ')}.`);
    if (strange.length > 0) throw new Error(`These jobs belong to another process: ${strange.join(', ')}.`);

    this.services = services.filter((service) => names.some((name) => JOBS[name].service === service));
    this.worker = new JobWorker(this.repository, this.handlers, this.logger, {
      services: this.services,
      concurrency: this.options.concurrency,
      leaseMs: this.options.leaseMs,
    });
    await this.transport.start(this.worker);
    if (this.services.length === 0) return;
    this.ticker = this.tick(this.worker);
    this.unpublish = publishJobCounts(() => this.repository.count([...this.services]));
  }

  /** Cancels running jobs and gives their leases back, so that another process goes on with them at once. */
  stop(): Promise<void> {
    return (this.stopping ??= this.stopOnce());
  }

  /** The jobs of the running call's tenant that were given up, newest first. */
  deadJobs(page: PageInput): Promise<Page<DeadJob>> {
    return this.database.tenant((manager) => listDeadJobs(manager, page));
  }

  /**
   * Queues a job of the running call's tenant again that was given up, with all its attempts.
   * @throws UserError JOB_NOT_FOUND, or JOB_QUEUED_ALREADY where another one with its key waits or runs
   */
  async retryJob(id: string): Promise<void> {
    await this.database.tenant(async (manager) => {
      this.afterCommit.register(manager, await retryDeadJob(manager, id));
    });
  }

  /** The queues of the running call's tenant that are not empty. */
  queues(): Promise<QueueState[]> {
    return this.database.tenant(queueStates);
  }

  /** @throws Error where the way that jobs take to workers is broken; they then wait in Postgres */
  check(): Promise<void> {
    return this.transport.check();
  }

  private async stopOnce(): Promise<void> {
    this.unpublish();
    await this.transport.stopTaking();
    await this.worker?.stop(this.options.graceMs);
    this.stopped.abort();
    await this.ticker;
    await this.transport.close();
    const { subscribers } = this.database.dataSource;
    if (subscribers.includes(this.afterCommit)) subscribers.splice(subscribers.indexOf(this.afterCommit), 1);
  }

  /** In this order: a process never takes back what it holds itself and could not renew for a busy database. */
  private async tick(worker: JobWorker): Promise<void> {
    const services = [...this.services];
    for (let ticks = 0; !this.stopped.signal.aborted; ticks++) {
      await worker.heartbeat();
      try {
        const waiting = await this.repository.takeBackExpired(services);
        waiting.forEach((service) => this.transport.poke(service));
        if (ticks % TICKS_PER_PRUNING === 0)
          await this.repository.prune(services, this.options.keptMs, PRUNED_AT_ONCE);
      } catch (error) {
        this.logger.warn({ err: asError(error) }, 'jobs of ended processes cannot be taken back now');
      }
      await pause(this.options.leaseMs / TICKS_PER_LEASE, this.stopped.signal);
    }
  }
}

/** Waits, or ends early without an error when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
