import type { EntityManager } from 'typeorm';
import type { Locale } from '@midplane/contracts';
import type { Principal } from '../context/request-context.js';
import type { Database } from '../persistence/database.js';
import { newId } from '../persistence/ids.js';
import { writeJobError } from './job-error.js';
import { UserError } from '../errors/errors.js';
import type { JobCount } from './job.types.js';

/** What of the request context is kept with a job. */
export interface JobContext {
  principal: Principal;
  traceId: string;
  locale: Locale;
}

export interface NewJob {
  service: string;
  name: string;
  payload: unknown;
  context: JobContext;
  dedupeKey?: string;
  runAt?: Date;
  maxAttempts: number;
}

/** A job under this worker's lease. */
export interface ClaimedJob {
  id: string;
  /** Made anew for each claim, so that not even this process, later, is taken for the owner. */
  lease: string;
  service: string;
  name: string;
  payload: unknown;
  context: JobContext;
  /** This one included. Greater than maxAttempts: the job is not to be run any more, only to be given up. */
  attempts: number;
  maxAttempts: number;
  lastError: string | null;
}

/** A job that is handed to a transport. */
export interface DispatchedJob {
  id: string;
  service: string;
  attempts: number;
}

interface ClaimedRow {
  id: string;
  service: string;
  name: string;
  payload: unknown;
  context: JobContext;
  attempts: number;
  max_attempts: number;
  last_error: string | null;
}

/** Attempts after the last one in which a failing `dead` callback is tried again. */
export const BURIAL_ATTEMPTS = 5;
/** Wait before attempt n + 1: base · 2^(n-1), at most the limit, of which a random half is kept as jitter. */
const BACKOFF_BASE_MS = 1_000;
const BACKOFF_LIMIT_MS = 300_000;

const milliseconds = (parameter: string) => `${parameter}::float8 * interval '1 millisecond'`;
const BACKOFF = `least(${BACKOFF_LIMIT_MS}, ${BACKOFF_BASE_MS} * power(2, least(attempts, 30) - 1)) * (0.5 + random() / 2) * interval '1 millisecond'`;
const UNLEASED = 'lease_owner = null, lease_until = null, dispatched_at = null';

/** The table of jobs. Its clock is Postgres's own, so that workers' clocks don't matter. */
export class JobRepository {
  constructor(private readonly database: Database) {}

  /** @returns the new job's id; undefined where one with the same key waits or runs */
  async insert(manager: EntityManager, job: NewJob): Promise<string | undefined> {
    const rows = (await manager.query(
      `insert into job (id, tenant_id, service, name, payload, context, dedupe_key, run_at, max_attempts)
       values ($1, $2, $3, $4, $5, $6, $7, coalesce($8, now()), $9)
       on conflict (tenant_id, dedupe_key) where status in ('PENDING', 'RUNNING') do nothing
       returning id`,
      [
        newId(),
        job.context.principal.tenantId,
        job.service,
        job.name,
        JSON.stringify(job.payload),
        JSON.stringify(job.context),
        job.dedupeKey ?? null,
        job.runAt ?? null,
        job.maxAttempts,
      ],
    )) as { id: string }[];
    return rows[0]?.id;
  }

  /** Takes the job of a service that has been due for longest. `skip locked` lets workers claim side by side. */
  claimNext(service: string, names: string[], leaseMs: number): Promise<ClaimedJob | undefined> {
    return this.claim(
      `select id from job
       where service = $3 and name = any($4) and status = 'PENDING' and run_at <= now()
       order by run_at limit 1 for update skip locked`,
      [service, names],
      leaseMs,
    );
  }

  /** Takes one job, unless it is not due or somebody else has it. */
  claimById(id: string, names: string[], leaseMs: number): Promise<ClaimedJob | undefined> {
    return this.claim(
      `select id from job
       where id = $3 and name = any($4) and status = 'PENDING' and run_at <= now()
       for update skip locked`,
      [id, names],
      leaseMs,
    );
  }

  private async claim(
    chosen: string,
    parameters: unknown[],
    leaseMs: number,
  ): Promise<ClaimedJob | undefined> {
    const lease = newId();
    const [row] = await this.change<ClaimedRow>(
      `update job set status = 'RUNNING', attempts = attempts + 1, lease_owner = $1,
         lease_until = clock_timestamp() + ${milliseconds('$2')}
       where id = (${chosen})
       returning id, service, name, payload, context, attempts, max_attempts, last_error`,
      [lease, leaseMs, ...parameters],
    );
    if (!row) return undefined;
    const { max_attempts: maxAttempts, last_error: lastError, ...same } = row;
    return { ...same, maxAttempts, lastError, lease };
  }

  /** @returns those of the leases that were still held, and are for `leaseMs` from now */
  async renew(leases: string[], leaseMs: number): Promise<Set<string>> {
    const rows = await this.change<{ lease_owner: string }>(
      `update job set lease_until = clock_timestamp() + ${milliseconds('$2')}
       where lease_owner = any($1) and status = 'RUNNING'
       returning lease_owner`,
      [leases, leaseMs],
    );
    return new Set(rows.map((row) => row.lease_owner));
  }

  /** @returns false where the lease was lost; then nothing changed */
  complete(job: ClaimedJob): Promise<boolean> {
    return this.end(job, `status = 'DONE', finished_at = now(), last_error = null`, []);
  }

  /** Queues the job again after a wait that doubles with each attempt. */
  retryLater(job: ClaimedJob, error: Error): Promise<boolean> {
    return this.end(job, `status = 'PENDING', run_at = now() + ${BACKOFF}, last_error = $3`, [
      writeJobError(error),
    ]);
  }

  /** Queues the job for being given up: no further attempt, but its `dead` callback is still to succeed. */
  buryLater(job: ClaimedJob, error: Error): Promise<boolean> {
    return this.end(
      job,
      `status = 'PENDING', run_at = now() + ${BACKOFF}, last_error = $3, attempts = greatest(attempts, max_attempts)`,
      [writeJobError(error)],
    );
  }

  /** Gives the job up. It stays in the table until a person retries it. */
  bury(job: ClaimedJob, error: Error): Promise<boolean> {
    return this.end(job, `status = 'DEAD', finished_at = now(), last_error = $3`, [writeJobError(error)]);
  }

  /** Gives the lease back: another worker may go on at once, and the attempt doesn't count. */
  release(job: ClaimedJob): Promise<boolean> {
    return this.end(job, `status = 'PENDING', attempts = attempts - 1`, []);
  }

  private async end(job: ClaimedJob, assignments: string, parameters: unknown[]): Promise<boolean> {
    const rows = await this.change(
      `update job set ${assignments}, ${UNLEASED}
       where id = $1 and lease_owner = $2 and status = 'RUNNING'
       returning id`,
      [job.id, job.lease, ...parameters],
    );
    return rows.length > 0;
  }

  /**
   * Queues the jobs again whose workers are gone.
   * @returns the services that have some
   */
  async takeBackExpired(services: string[]): Promise<string[]> {
    const rows = await this.change<{ service: string }>(
      `update job set status = 'PENDING', run_at = now(), ${UNLEASED}, last_error = $2
       where id = any(array(
         select id from job where service = any($1) and status = 'RUNNING' and lease_until < now()
         limit 100 for update skip locked))
       returning service`,
      [services, writeJobError(new UserError('JOB_INTERRUPTED'))],
    );
    return [...new Set(rows.map((row) => row.service))];
  }

  /**
   * Marks due jobs as handed to the transport.
   * @param redispatchMs how long a job may lie unclaimed there before it is taken for lost
   */
  dispatch(services: string[], limit: number, redispatchMs: number): Promise<DispatchedJob[]> {
    return this.change<DispatchedJob>(
      `update job set dispatched_at = clock_timestamp()
       where id = any(array(
         select id from job
         where service = any($1) and status = 'PENDING' and run_at <= now()
           and (dispatched_at is null or dispatched_at < now() - ${milliseconds('$3')})
         order by run_at limit $2 for update skip locked))
       returning id, service, attempts`,
      [services, limit, redispatchMs],
    );
  }

  /** @returns how many finished jobs were removed, at most `limit` */
  async prune(services: string[], keptMs: number, limit: number): Promise<number> {
    const rows = await this.change(
      `delete from job where id = any(array(
         select id from job
         where service = any($1) and status = 'DONE' and finished_at < now() - ${milliseconds('$2')}
         limit $3 for update skip locked))
       returning id`,
      [services, keptMs, limit],
    );
    return rows.length;
  }

  /** Counts what is not done, across tenants. */
  async count(services: string[]): Promise<JobCount[]> {
    return this.database.as('midplane_dispatcher', (manager) =>
      manager.query(
        `select service, status, count(*)::int as count,
           greatest(0, extract(epoch from now() - min(run_at)))::float8 as "oldestSeconds"
         from job where service = any($1) and status in ('PENDING', 'RUNNING', 'DEAD')
         group by service, status`,
        [services],
      ),
    );
  }

  /** TypeORM answers an update with its rows and their number. */
  private change<R = { id: string }>(statement: string, parameters: unknown[]): Promise<R[]> {
    return this.database.as('midplane_dispatcher', async (manager) => {
      const [rows] = (await manager.query(statement, parameters)) as [R[], number];
      return rows;
    });
  }
}
