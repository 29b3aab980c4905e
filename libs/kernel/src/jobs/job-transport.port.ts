import type { ClaimedJob } from './job.repository.js';

/** What a transport has of the worker that it feeds. */
export interface JobWorkerPort {
  /** Services whose jobs this process does; empty in a process that only queues jobs for others. */
  readonly services: readonly string[];
  /** Jobs of each service that are run at once. */
  readonly concurrency: number;
  claimNext(service: string): Promise<ClaimedJob | undefined>;
  claimById(id: string): Promise<ClaimedJob | undefined>;
  /** Runs a claimed job to its end. Never throws: how it ended is in Postgres. */
  run(job: ClaimedJob): Promise<void>;
}

/**
 * Brings due jobs to workers. Postgres is the truth: a transport may lose or double what it carries, since a job is
 * run only after it was claimed there, and is brought again while nobody has claimed it.
 *
 * In-process by default; BullMQ where REDIS_URL is set.
 */
export interface JobTransport {
  /** Begins to bring jobs to the worker. Must not fail for a broker that is down: it is tried again. */
  start(worker: JobWorkerPort): Promise<void>;
  /** Says that jobs of a service may have become due. Never throws, never waits. */
  poke(service: string): void;
  /** Claims nothing more, from the moment of the call. Runs that go on are waited for by the worker, not here. */
  stopTaking(): Promise<void>;
  /** @throws Error where its broker can't be reached */
  check(): Promise<void>;
  /** Lets go of connections, after the last run has ended. */
  close(): Promise<void>;
}
