import { JOBS, type JobName } from '@midplane/contracts';
import { runInContext } from '../context/request-context.js';
import { asError, UserError } from '../errors/errors.js';
import type { Logger } from '../telemetry/logger.js';
import { span } from '../telemetry/tracing.js';
import { readJobError } from './job-error.js';
import { BURIAL_ATTEMPTS, type ClaimedJob, type JobRepository } from './job.repository.js';
import { type JobOutcome, timeJob } from './job.metrics.js';
import type { JobHandler } from './job.types.js';
import type { JobWorkerPort } from './job-transport.port.js';

/** Tries to write down how a run ended, while Postgres is away for a moment; afterwards the lease runs out. */
const RECORD_TRIES = 5;
const RECORD_WAIT_MS = 500;

interface ActiveRun {
  job: ClaimedJob;
  cancel: AbortController;
  ended: Promise<void>;
  /** When the lease was last known to hold, in ms of the monotonic clock. */
  renewedAt: number;
}

/** Why a run's signal aborts. */
class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}
class Stopping extends Error {
  override readonly name = 'Stopping';
}

export interface JobWorkerOptions {
  services: readonly string[];
  concurrency: number;
  leaseMs: number;
}

/** Runs claimed jobs under their leases, and writes down how each ended. */
export class JobWorker implements JobWorkerPort {
  readonly services: readonly string[];
  readonly concurrency: number;
  private readonly leaseMs: number;
  private readonly names: JobName[];
  private readonly active = new Map<string, ActiveRun>();
  private stopping = false;

  constructor(
    private readonly repository: JobRepository,
    private readonly handlers: ReadonlyMap<JobName, JobHandler<JobName>>,
    private readonly logger: Logger,
    options: JobWorkerOptions,
  ) {
    this.services = options.services;
    this.concurrency = options.concurrency;
    this.leaseMs = options.leaseMs;
    // Jobs that a newer release has queued wait for its workers.
    this.names = [...handlers.keys()];
  }

  claimNext(service: string): Promise<ClaimedJob | undefined> {
    return this.repository.claimNext(service, this.names, this.leaseMs);
  }

  claimById(id: string): Promise<ClaimedJob | undefined> {
    return this.repository.claimById(id, this.names, this.leaseMs);
  }

  async run(job: ClaimedJob): Promise<void> {
    const cancel = new AbortController();
    const ended = this.runUnderLease(job, cancel.signal).finally(() => this.active.delete(job.lease));
    this.active.set(job.lease, { job, cancel, ended, renewedAt: performance.now() });
    if (this.stopping) cancel.abort(new Stopping());
    await ended;
  }

  /** Renews the leases of all runs; the signal of a run whose lease is lost aborts. Never throws. */
  async heartbeat(): Promise<void> {
    const runs = [...this.active.values()];
    if (runs.length === 0) return;
    const at = performance.now();
    try {
      const held = await this.repository.renew(
        runs.map((run) => run.job.lease),
        this.leaseMs,
      );
      for (const run of runs) {
        if (held.has(run.job.lease)) run.renewedAt = at;
        else if (this.active.has(run.job.lease))
          run.cancel.abort(new LeaseLost('another worker has the job'));
      }
    } catch (error) {
      this.logger.warn({ err: asError(error) }, 'leases of jobs cannot be renewed now');
      for (const run of runs)
        if (at - run.renewedAt > this.leaseMs) run.cancel.abort(new LeaseLost('Postgres cannot be reached'));
    }
  }

  /**
   * Cancels all runs and gives their leases back.
   * @param graceMs how long runs have to end by themselves
   */
  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    const runs = [...this.active.values()];
    for (const run of runs) run.cancel.abort(new Stopping());
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise<void>((resolve) => (timer = setTimeout(resolve, graceMs)));
    await Promise.race([Promise.all(runs.map((run) => run.ended)), grace]);
    clearTimeout(timer);
    for (const { job } of this.active.values()) {
      this.logger.warn(
        { jobId: job.id, job: job.name },
        'a job did not stop in time; its lease is given back',
      );
      await this.record(job, 'released', () => this.repository.release(job));
    }
  }

  private async runUnderLease(job: ClaimedJob, signal: AbortSignal): Promise<void> {
    const end = timeJob(job.name);
    const attributes = { 'midplane.job.id': job.id, 'midplane.job.attempt': job.attempts };
    end(
      await runInContext({ ...job.context, signal }, () =>
        span(`job ${job.name}`, attributes, () => this.attempt(job, signal)),
      ),
    );
  }

  private async attempt(job: ClaimedJob, signal: AbortSignal): Promise<JobOutcome> {
    const name = job.name as JobName;
    const handler = this.handlers.get(name)!;
    if (job.attempts > job.maxAttempts) return this.giveUp(job, handler, readJobError(job.lastError));
    const payload = JOBS[name].payload.safeParse(job.payload);
    if (!payload.success) return this.giveUp(job, handler, payload.error);
    try {
      const { id, attempts: attempt, maxAttempts } = job;
      await handler.run(payload.data as never, { id, attempt, maxAttempts, signal });
    } catch (thrown) {
      const error = asError(thrown);
      if (signal.reason instanceof LeaseLost) return 'lost';
      if (signal.reason instanceof Stopping)
        return this.record(job, 'released', () => this.repository.release(job));
      if (error instanceof UserError || job.attempts >= job.maxAttempts)
        return this.giveUp(job, handler, error);
      this.logger.warn({ ...about(job), err: error }, 'a job failed and is tried again');
      return this.record(job, 'retried', () => this.repository.retryLater(job, error));
    }
    return this.record(job, 'done', () => this.repository.complete(job));
  }

  private async giveUp(job: ClaimedJob, handler: JobHandler<JobName>, error: Error): Promise<JobOutcome> {
    if (error instanceof UserError)
      this.logger.info({ ...about(job), code: error.code }, 'a job is given up');
    else this.logger.error({ ...about(job), err: error }, 'a job is given up');
    const payload = JOBS[job.name as JobName].payload.safeParse(job.payload);
    try {
      if (payload.success) await handler.dead?.(payload.data as never, error);
    } catch (thrown) {
      this.logger.error({ ...about(job), err: asError(thrown) }, 'that a job is given up could not be told');
      if (job.attempts < job.maxAttempts + BURIAL_ATTEMPTS)
        return this.record(job, 'retried', () => this.repository.buryLater(job, error));
    }
    return this.record(job, 'dead', () => this.repository.bury(job, error));
  }

  /** Never throws: what can't be written down is found again when the lease runs out. */
  private async record(
    job: ClaimedJob,
    outcome: JobOutcome,
    write: () => Promise<boolean>,
  ): Promise<JobOutcome> {
    for (let tries = 1; ; tries++) {
      try {
        if (await write()) return outcome;
        this.logger.warn(
          about(job),
          'another worker has taken a job over; this run of it counts for nothing',
        );
        return 'lost';
      } catch (error) {
        if (tries === RECORD_TRIES) {
          this.logger.error({ ...about(job), err: asError(error) }, 'how a job ended cannot be written down');
          return 'lost';
        }
        await new Promise((resolve) => setTimeout(resolve, RECORD_WAIT_MS * tries));
      }
    }
  }
}

const about = (job: ClaimedJob) => ({ jobId: job.id, job: job.name, attempt: job.attempts });
