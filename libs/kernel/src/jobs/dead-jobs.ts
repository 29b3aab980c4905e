import { Id, type Page, type PageInput } from '@midplane/contracts';
import type { EntityManager } from 'typeorm';
import { UserError } from '../errors/errors.js';
import { decodeCursor, toPage } from '../persistence/page.js';
import { readJobError } from './job-error.js';
import type { DeadJob } from './job.types.js';

const UNIQUE_VIOLATION = '23505';

interface DeadRow {
  id: string;
  service: string;
  name: string;
  payload: unknown;
  attempts: number;
  last_error: string | null;
  created_at: Date;
  finished_at: Date;
}

/** The tenant's jobs that were given up, newest first. */
export async function listDeadJobs(
  manager: EntityManager,
  { first, after }: PageInput,
): Promise<Page<DeadJob>> {
  const [{ count }] = await manager.query(`select count(*)::int as count from job where status = 'DEAD'`);
  const rows = (await manager.query(
    `select id, service, name, payload, least(attempts, max_attempts) as attempts, last_error, created_at, finished_at
     from job where status = 'DEAD' and ($1::uuid is null or id < $1)
     order by id desc limit $2`,
    [decodeCursor(after) ?? null, first + 1],
  )) as DeadRow[];
  return toPage(rows, first, count, view);
}

/** Queues one of them again. @returns its service */
export async function retryDeadJob(manager: EntityManager, id: string): Promise<string> {
  if (!Id.safeParse(id).success) throw new UserError('JOB_NOT_FOUND', { id });
  try {
    const [rows] = (await manager.query(
      `update job set status = 'PENDING', attempts = 0, run_at = now(), dispatched_at = null, finished_at = null
       where id = $1 and status = 'DEAD' returning service`,
      [id],
    )) as [{ service: string }[], number];
    if (!rows[0]) throw new UserError('JOB_NOT_FOUND', { id });
    return rows[0].service;
  } catch (error) {
    if ((error as { code?: string }).code === UNIQUE_VIOLATION)
      throw new UserError('JOB_QUEUED_ALREADY', { id }, { cause: error });
    throw error;
  }
}

function view(row: DeadRow): DeadJob {
  const error = readJobError(row.last_error);
  return {
    id: row.id,
    service: row.service,
    name: row.name,
    payload: row.payload,
    attempts: row.attempts,
    problem: error instanceof UserError ? error.problem : undefined,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
  };
}
