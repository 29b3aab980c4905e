import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { JOBS, type JobName, type JobPayload } from '@midplane/contracts';
import {
  asPrincipal,
  contextOf,
  createPrincipal,
  embeddedTestDatabase,
  type PostgresTestDatabase,
  testDatabase,
  type TestDatabase,
  testRedis,
  type TestRedis,
} from '@midplane/testing';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  currentContext,
  type Principal,
  type RequestContext,
  runInContext,
} from '../context/request-context.js';
import { UserError } from '../errors/errors.js';
import type { Database } from '../persistence/database.js';
import { newId } from '../persistence/ids.js';
import { createLogger } from '../telemetry/logger.js';
import { registry as metrics } from '../telemetry/metrics.js';
import { BullMqTransport } from './bullmq.transport.js';
import { InProcessTransport } from './in-process.transport.js';
import type { JobTransport } from './job-transport.port.js';
import type { JobHandler } from './job.types.js';
import { Jobs, type JobsOptions } from './jobs.js';

const logger = createLogger('silent', 'test');
const LEASE_MS = 900;
/** Node's arguments that run the worker process from its source. */
const FROM_SOURCE = [
  '--conditions=@midplane/source',
  '--import',
  at('../../../testing/src/processes/from-source.mjs'),
  at('../../../testing/src/processes/job-worker.ts'),
];
const soon = { timeout: 30_000, interval: 25 };

let redis: TestRedis;

beforeAll(async () => {
  redis = await testRedis();
});
afterAll(() => redis?.close());

/** The tests that every transport passes on every database. */
describe.each([
  { form: 'in-process on Postgres', embedded: false, transport: inProcess },
  { form: 'in-process on the embedded Postgres', embedded: true, transport: inProcess },
  { form: 'BullMQ on Postgres and Redis', embedded: false, transport: bullMq },
])('jobs, $form', ({ embedded, transport }) => {
  let test: TestDatabase;
  let database: Database;
  let who: Principal;
  let started: Jobs[] = [];

  beforeAll(async () => {
    test = await (embedded ? embeddedTestDatabase : testDatabase)({ poolSize: 20 });
    database = test.database;
    who = await createPrincipal(database);
  });
  afterAll(() => test?.close());
  beforeEach(() => test.dataSource.query('delete from job'));
  afterEach(async () => {
    await Promise.all(started.map((jobs) => jobs.stop()));
    started = [];
  });

  type Handlers = { [N in JobName]?: JobHandler<N> };

  async function start(handlers: Handlers, options: JobsOptions = {}): Promise<Jobs> {
    const jobs = new Jobs(database, transport(database), logger, { leaseMs: LEASE_MS, ...options });
    for (const name of Object.keys(JOBS) as JobName[])
      jobs.handle(name, (handlers[name] as JobHandler<typeof name>) ?? { run: async () => undefined });
    started.push(jobs);
    await jobs.start(['ingest']);
    return jobs;
  }

  const inTenant = <T>(work: () => Promise<T>) => asPrincipal(who, work);

  function enqueue(jobs: Jobs, documentId = newId(), options: Parameters<Jobs['enqueue']>[3] = {}) {
    return inTenant(() =>
      database.tenant((manager) => jobs.enqueue(manager, 'ingest.parse', { documentId }, options)),
    );
  }

  async function stateOf(id: string | undefined) {
    const [row] = (await test.dataSource.query(
      'select status, attempts, lease_owner, last_error, run_at > now() as waits from job where id = $1',
      [id],
    )) as {
      status: string;
      attempts: number;
      lease_owner: string | null;
      last_error: string;
      waits: boolean;
    }[];
    return row;
  }
  const eventually = (id: string | undefined, status: string) =>
    vi.waitFor(async () => expect(await stateOf(id)).toMatchObject({ status }), soon);

  it('runs each job once, though four workers look for it', async () => {
    const ran: string[] = [];
    const run = async ({ documentId }: JobPayload<'ingest.parse'>) => void ran.push(documentId);
    const workers = await Promise.all(
      [1, 2, 3, 4].map(() => start({ 'ingest.parse': { run } }, { concurrency: 3 })),
    );
    const documents = Array.from({ length: 120 }, newId);
    await inTenant(() =>
      database.tenant(async (manager) => {
        for (const documentId of documents)
          await workers[0]!.enqueue(manager, 'ingest.parse', { documentId });
      }),
    );
    await vi.waitFor(async () => {
      const left = await test.dataSource.query(`select id from job where status <> 'DONE'`);
      expect(left).toEqual([]);
    }, soon);
    expect(ran.toSorted()).toEqual(documents.toSorted());
  });

  it('carries who asked, the trace and the language, but not the deadline', async () => {
    const seen: RequestContext[] = [];
    const jobs = await start({ 'ingest.parse': { run: async () => void seen.push(currentContext()) } });
    const context = contextOf(who, { traceId: 'a'.repeat(32), locale: 'zh', deadline: Date.now() });
    await runInContext(context, () =>
      database.tenant((manager) => jobs.enqueue(manager, 'ingest.parse', { documentId: newId() })),
    );
    await vi.waitFor(() => expect(seen).toHaveLength(1), soon);
    const { principal, traceId, locale, deadline } = seen[0]!;
    expect({ principal, traceId, locale, deadline }).toEqual({
      principal: context.principal,
      traceId: context.traceId,
      locale: 'zh',
      deadline: undefined,
    });
  });

  it('queues nothing where the transaction is rolled back, and refuses to queue outside of one', async () => {
    const ran: string[] = [];
    const jobs = await start({
      'ingest.parse': { run: async (payload) => void ran.push(payload.documentId) },
    });
    await expect(
      inTenant(() =>
        database.tenant(async (manager) => {
          await jobs.enqueue(manager, 'ingest.parse', { documentId: newId() });
          throw new Error('rolled back');
        }),
      ),
    ).rejects.toThrow('rolled back');
    await expect(
      inTenant(() => jobs.enqueue(test.dataSource.manager, 'ingest.parse', { documentId: newId() })),
    ).rejects.toThrow('inside of a transaction');
    const kept = newId();
    await eventually(await enqueue(jobs, kept), 'DONE');
    expect(ran).toEqual([kept]);
    expect(await test.dataSource.query('select count(*)::int as n from job')).toEqual([{ n: 1 }]);
  });

  it('queues one job for a key while it waits or runs, and another one afterwards', async () => {
    let goOn = () => {};
    const run = vi.fn(() => new Promise<void>((resolve) => (goOn = resolve)));
    const jobs = await start({ 'ingest.parse': { run } });
    const first = await enqueue(jobs, newId(), { dedupeKey: 'one' });
    await vi.waitFor(() => expect(run).toHaveBeenCalledTimes(1), soon);
    expect(await enqueue(jobs, newId(), { dedupeKey: 'one' })).toBeUndefined();
    goOn();
    await eventually(first, 'DONE');
    const second = await enqueue(jobs, newId(), { dedupeKey: 'one' });
    expect(second).toBeDefined();
    await vi.waitFor(() => expect(run).toHaveBeenCalledTimes(2), soon);
    goOn();
    await eventually(second, 'DONE');
  });

  it('runs a job after its time, others before', async () => {
    const jobs = await start({});
    const later = await enqueue(jobs, newId(), { runAt: new Date(Date.now() + 3_600_000) });
    await eventually(await enqueue(jobs), 'DONE');
    expect(await stateOf(later)).toMatchObject({ status: 'PENDING', attempts: 0 });
  });

  it('tries a failed job again after a wait', async () => {
    const attempts: number[] = [];
    const waits: boolean[] = [];
    const jobs = await start({
      'ingest.parse': {
        run: async (_payload, job) => {
          attempts.push(job.attempt);
          waits.push((await stateOf(job.id))!.waits);
          if (job.attempt < 3) throw new Error('not yet');
        },
      },
    });
    const id = await enqueue(jobs);
    await vi.waitFor(async () => {
      expect(await stateOf(id)).toMatchObject({ status: 'PENDING', attempts: 1, waits: true });
    }, soon);
    await eventually(id, 'DONE');
    expect(attempts).toEqual([1, 2, 3]);
    expect(waits).toEqual([false, false, false]);
  });

  it('gives a job up at once for a user error, and tells it under the context of the job', async () => {
    const told: unknown[] = [];
    const documentId = newId();
    const jobs = await start({
      'ingest.parse': {
        run: async () => {
          throw new UserError('FILE_PASSWORD', { type: 'PDF' });
        },
        dead: async (payload, error) =>
          void told.push(payload, (error as UserError).problem, currentContext().principal.tenantId),
      },
    });
    const id = await enqueue(jobs, documentId);
    await eventually(id, 'DEAD');
    const problem = { code: 'FILE_PASSWORD', params: { type: 'PDF' } };
    expect(told).toEqual([{ documentId }, problem, who.tenantId]);
    const page = await inTenant(() => jobs.deadJobs({ first: 10 }));
    expect(page).toMatchObject({
      totalCount: 1,
      hasNextPage: false,
      nodes: [{ id, name: 'ingest.parse', service: 'ingest', attempts: 1, problem, payload: { documentId } }],
    });
  });

  it('gives a job up when its attempts are used up, and a person retries it', async () => {
    let healed = false;
    const dead = vi.fn(async () => undefined);
    const attempts: number[] = [];
    const jobs = await start({
      'ingest.parse': {
        dead,
        run: async (_payload, job) => {
          attempts.push(job.attempt);
          if (!healed) throw new Error('the disk is full');
        },
      },
    });
    const id = await enqueue(jobs, newId(), { maxAttempts: 2 });
    await eventually(id, 'DEAD');
    expect(attempts).toEqual([1, 2]);
    expect(dead).toHaveBeenCalledTimes(1);
    const { nodes } = await inTenant(() => jobs.deadJobs({ first: 10 }));
    expect(nodes).toMatchObject([{ id, attempts: 2, problem: undefined }]);

    healed = true;
    await inTenant(() => jobs.retryJob(id!));
    await eventually(id, 'DONE');
    expect(attempts).toEqual([1, 2, 1]);
    await expect(inTenant(() => jobs.retryJob(id!))).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  });

  it('does not retry a job whose work is queued anew', async () => {
    let fail = true;
    const jobs = await start({
      'ingest.parse': {
        run: async () => {
          if (fail) throw new UserError('NO_TEXT');
        },
      },
    });
    const id = await enqueue(jobs, newId(), { dedupeKey: 'key' });
    await eventually(id, 'DEAD');
    fail = false;
    await enqueue(jobs, newId(), { dedupeKey: 'key', runAt: new Date(Date.now() + 3_600_000) });
    await expect(inTenant(() => jobs.retryJob(id!))).rejects.toMatchObject({ code: 'JOB_QUEUED_ALREADY' });
  });

  it('shows and retries dead jobs of the own tenant only', async () => {
    const jobs = await start({
      'ingest.parse': {
        run: async () => {
          throw new UserError('NO_TEXT');
        },
      },
    });
    const id = await enqueue(jobs);
    await eventually(id, 'DEAD');
    await asPrincipal(await createPrincipal(database), async () => {
      expect(await jobs.deadJobs({ first: 10 })).toMatchObject({ nodes: [], totalCount: 0 });
      await expect(jobs.retryJob(id!)).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
    });
    expect(await stateOf(id)).toMatchObject({ status: 'DEAD' });
  });

  it('tells a death again where the telling failed, with the first error', async () => {
    const told: string[] = [];
    const jobs = await start({
      'ingest.parse': {
        run: async () => {
          throw new UserError('NO_TEXT');
        },
        dead: async (_payload, error) => {
          told.push((error as UserError).code);
          if (told.length === 1) throw new Error('not now');
        },
      },
    });
    await eventually(await enqueue(jobs), 'DEAD');
    expect(told).toEqual(['NO_TEXT', 'NO_TEXT']);
  });

  it('lets a run that lost its lease change nothing', async () => {
    const thief = newId();
    let aborted = false;
    let ended = false;
    const jobs = await start({
      'ingest.parse': {
        run: async (_payload, job) => {
          await test.dataSource.query(
            `update job set lease_owner = $1, lease_until = now() + interval '1 hour' where id = $2`,
            [thief, job.id],
          );
          await once(job.signal, 'abort');
          aborted = true;
          ended = true;
        },
      },
    });
    const id = await enqueue(jobs);
    await vi.waitFor(() => expect({ aborted, ended }).toEqual({ aborted: true, ended: true }), soon);
    await jobs.stop();
    expect(await stateOf(id)).toMatchObject({ status: 'RUNNING', lease_owner: thief, attempts: 1 });
  });

  it('keeps the lease of a long run', async () => {
    const attempts: number[] = [];
    const jobs = await start({
      'ingest.parse': {
        run: async (_payload, job) => {
          attempts.push(job.attempt);
          await new Promise((resolve) => setTimeout(resolve, LEASE_MS * 3));
        },
      },
    });
    await eventually(await enqueue(jobs), 'DONE');
    expect(attempts).toEqual([1]);
  });

  it('gives leases back when it stops; another process goes on, and the attempt does not count', async () => {
    const attempts: number[] = [];
    const run: JobHandler<'ingest.parse'>['run'] = async (_payload, job) => {
      attempts.push(job.attempt);
      if (attempts.length > 1) return;
      await once(job.signal, 'abort');
      throw new Error('cancelled');
    };
    const first = await start({ 'ingest.parse': { run } }, { leaseMs: 3_600_000 });
    const id = await enqueue(first);
    await vi.waitFor(() => expect(attempts).toEqual([1]), soon);
    await first.stop();
    expect(await stateOf(id)).toMatchObject({ status: 'PENDING', attempts: 0, lease_owner: null });
    await start({ 'ingest.parse': { run } });
    await eventually(id, 'DONE');
    expect(attempts).toEqual([1, 1]);
  });

  it('gives the lease of a run back that does not stop', async () => {
    let running = false;
    const jobs = await start(
      {
        'ingest.parse': {
          run: () => {
            running = true;
            return new Promise(() => undefined);
          },
        },
      },
      { graceMs: 10 },
    );
    const id = await enqueue(jobs);
    await vi.waitFor(() => expect(running).toBe(true), soon);
    await jobs.stop();
    expect(await stateOf(id)).toMatchObject({ status: 'PENDING', attempts: 0, lease_owner: null });
  });

  it('does not start without exactly one handler for every job of its services', async () => {
    const jobs = new Jobs(database, transport(database), logger);
    started.push(jobs);
    await expect(jobs.start(['ingest'])).rejects.toThrow('no handler here: ingest.parse, ingest.chunk');
    jobs.handle('ingest.parse', { run: async () => undefined });
    expect(() => jobs.handle('ingest.parse', { run: async () => undefined })).toThrow('two handlers');
    await expect(jobs.start(['retrieval'])).rejects.toThrow('belong to another process: ingest.parse');
  });

  it('removes finished jobs when they are old, and no others', async () => {
    const first = await start({});
    const done = await enqueue(first);
    await eventually(done, 'DONE');
    const waiting = await enqueue(first, newId(), { runAt: new Date(Date.now() + 3_600_000) });
    await start({}, { keptMs: 0 });
    await vi.waitFor(async () => expect(await stateOf(done)).toBeUndefined(), soon);
    expect(await stateOf(waiting)).toMatchObject({ status: 'PENDING' });
  });

  it('publishes how many jobs wait and were given up, and how runs end', async () => {
    const jobs = await start({
      'ingest.parse': {
        run: async () => {
          throw new UserError('NO_TEXT');
        },
      },
    });
    await enqueue(jobs, newId(), { runAt: new Date(Date.now() + 3_600_000) });
    await enqueue(jobs, newId(), { runAt: new Date(Date.now() + 3_600_000) });
    await eventually(await enqueue(jobs), 'DEAD');
    const published = (await metrics.metrics()).split('\n');
    expect(published).toContain('midplane_jobs{service="ingest",status="PENDING"} 2');
    expect(published).toContain('midplane_jobs{service="ingest",status="DEAD"} 1');
    expect(published).toContain('midplane_jobs_oldest_seconds{service="ingest",status="PENDING"} 0');
    expect(published.join()).toMatch(/midplane_job_seconds_count{job="ingest.parse",outcome="dead"} [1-9]/);
  });

  it.skipIf(embedded)('goes on with the job of a killed process', async () => {
    const child = await startWorkerProcess(test, 'waiting');
    const queue = new Jobs(database, transport(database), logger);
    const id = await enqueue(queue);
    await child.line('running');
    child.process.kill('SIGKILL');
    await once(child.process, 'exit');
    expect(await stateOf(id)).toMatchObject({ status: 'RUNNING', attempts: 1 });
    const attempts: number[] = [];
    await start({ 'ingest.parse': { run: async (_payload, job) => void attempts.push(job.attempt) } });
    await eventually(id, 'DONE');
    expect(attempts).toEqual([2]);
    await queue.stop();
  });

  it.skipIf(embedded)('gives up a job that kills its process each time, and tells it', async () => {
    const queue = new Jobs(database, transport(database), logger);
    const id = await enqueue(queue, newId(), { maxAttempts: 2 });
    await queue.stop();
    for (const attempts of [1, 2]) {
      const child = await startWorkerProcess(test, 'poisoned');
      await once(child.process, 'exit');
      expect(await stateOf(id)).toMatchObject({ status: 'RUNNING', attempts });
    }
    const dead: Error[] = [];
    const run = vi.fn(async () => undefined);
    const last = await start({
      'ingest.parse': { run, dead: async (_payload, error) => void dead.push(error) },
    });
    await eventually(id, 'DEAD');
    expect(run).not.toHaveBeenCalled();
    expect(dead).toMatchObject([{ code: 'JOB_INTERRUPTED' }]);
    const { nodes } = await inTenant(() => last.deadJobs({ first: 1 }));
    expect(nodes).toMatchObject([{ id, problem: { code: 'JOB_INTERRUPTED' } }]);
  });
});

describe('jobs on a Redis that is lost', () => {
  it.each(['is flushed', 'ends and starts empty'])('loses none when it %s', async (how) => {
    const lost = await testRedis();
    const test = await testDatabase({ poolSize: 10 });
    const who = await createPrincipal(test.database);
    const transport = new BullMqTransport(lost.url, test.database, logger, { pollMs: 50, redispatchMs: 500 });
    const jobs = new Jobs(test.database, transport, logger, { concurrency: 2 });
    const ran = new Set<string>();
    let letGo = () => {};
    const gate = new Promise<void>((resolve) => (letGo = resolve));
    for (const name of Object.keys(JOBS) as JobName[])
      jobs.handle(name, {
        run: async (payload) => {
          await gate;
          ran.add((payload as { documentId: string }).documentId);
        },
      });
    await jobs.start(['ingest']);
    const documents = Array.from({ length: 40 }, newId);
    const queue = (some: string[]) =>
      asPrincipal(who, () =>
        test.database.tenant(async (manager) => {
          for (const documentId of some) await jobs.enqueue(manager, 'ingest.parse', { documentId });
        }),
      );
    await queue(documents.slice(0, 30));
    await vi.waitFor(async () => {
      expect(await test.dataSource.query('select 1 from job where dispatched_at is null')).toEqual([]);
      expect(await test.dataSource.query(`select 1 from job where status = 'RUNNING'`)).toHaveLength(2);
    }, soon);

    if (how === 'is flushed') await flush(lost.url);
    else await lost.restart();
    letGo();
    await queue(documents.slice(30));

    await vi.waitFor(async () => {
      expect(await test.dataSource.query(`select id from job where status <> 'DONE'`)).toEqual([]);
    }, soon);
    expect([...ran].toSorted()).toEqual(documents.toSorted());
    await jobs.stop();
    await test.close();
    await lost.close();
  });
});

function inProcess(): JobTransport {
  return new InProcessTransport(logger, { pollMs: 50 });
}

function bullMq(database: Database): JobTransport {
  return new BullMqTransport(redis.url, database, logger, { pollMs: 50, redispatchMs: 500 });
}

async function flush(url: string): Promise<void> {
  const client = new Redis(url);
  await client.flushall();
  client.disconnect();
}

function at(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

interface WorkerProcess {
  process: ChildProcess;
  /** Resolves when the process has written this line. */
  line(text: string): Promise<void>;
}

async function startWorkerProcess(test: TestDatabase, mode: 'waiting' | 'poisoned'): Promise<WorkerProcess> {
  const worker = spawn(process.execPath, [...FROM_SOURCE, (test as PostgresTestDatabase).url, mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: worker.stdout });
  return {
    process: worker,
    line: async (text) => {
      for await (const line of lines) if (line === text) return;
      throw new Error(`The process ended without saying "${text}".`);
    },
  };
}
