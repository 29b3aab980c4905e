import type { JobName, JobPayload, Problem, ProblemCode } from '@midplane/contracts';

/** How one job is queued. */
export interface EnqueueOptions {
  /**
   * While a job of the tenant with this key waits or runs, another one is not queued. A running job counts, so a
   * handler that queues its own continuation gives it another key, or none.
   */
  dedupeKey?: string;
  /** Not before this time. Default: at once. */
  runAt?: Date;
  /** Times that the job is begun before it is given up, 1 or more. Default 5. */
  maxAttempts?: number;
}

/** What a handler knows of its run besides the payload. */
export interface JobRun {
  id: string;
  /** 1 for the first time. */
  attempt: number;
  maxAttempts: number;
  /** Aborts when the process stops or another worker has taken the job: stop soon, and write nothing more. */
  signal: AbortSignal;
}

/**
 * Does the jobs of one name, in the request context that queued them. The same job may be run more than once, and a
 * run may end anywhere (a killed process): whatever it does must be fit to be done again.
 */
export interface JobHandler<N extends JobName> {
  /**
   * @throws UserError: the job is given up at once. Anything else: it is tried again later, until its attempts are
   * used up.
   */
  run(payload: JobPayload<N>, job: JobRun): Promise<void>;
  /**
   * Called before a job is given up, to record it where people look for it. May be called again if it fails.
   * @param error what `run` threw, as a UserError where it was one; UserError JOB_INTERRUPTED where the process ended
   * in each attempt
   */
  dead?(payload: JobPayload<N>, error: Error): Promise<void>;
}

/** A job that was given up, as a person sees it. */
export interface DeadJob {
  id: string;
  service: string;
  name: string;
  payload: unknown;
  attempts: number;
  /** Undefined where the failure is a fault; it is in the log under the job's id. */
  problem?: Problem & { code: ProblemCode };
  createdAt: Date;
  finishedAt: Date;
}

/** How many jobs stand in a state, and how long the oldest of them has been due, in seconds. */
export interface JobCount {
  service: string;
  status: 'PENDING' | 'RUNNING' | 'DEAD';
  count: number;
  oldestSeconds: number;
}
