import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Principal, RpcServer } from '@midplane/kernel';
import {
  asPrincipal,
  bookPages,
  createKnowledgeBase,
  makePdf,
  settledDocument,
  type SourceProcess,
  startFromSource,
  type TestModules,
  uploadDocument,
} from '@midplane/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootKnowledge } from '../testing/boot-knowledge.js';

/** Books, each another one; the first is long enough for several batches of vectors. */
const UPLOADS = 10;
const PAGES = (upload: number) => (upload === 0 ? 20 : 3);

const MASTER_KEY = randomBytes(32).toString('base64');

let modules: TestModules;
let inference: Server;
let admin: Principal;
const workers: SourceProcess[] = [];

/** This process takes uploads and embeds; the ingest service runs in processes that are killed. */
beforeAll(async () => {
  ({ modules, admin } = await bootKnowledge({
    runJobs: false,
    env: { MIDPLANE_MASTER_KEY: MASTER_KEY },
  }));
  const { registry, contextToken, logger } = modules.kernel;
  const rpc = new RpcServer(registry, contextToken, logger);
  inference = createServer((request, response) => void rpc.handle(request, response));
  await once(inference.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  for (const worker of workers) await worker.kill();
  inference.closeAllConnections();
  inference.close();
  await modules.close();
});

function startWorker(): SourceProcess {
  const worker = startFromSource('apps/ingest/src/main.ts', {
    DATABASE_URL: modules.databaseUrl,
    MIDPLANE_HOME: modules.home,
    MIDPLANE_MASTER_KEY: MASTER_KEY,
    INFERENCE_URL: `http://127.0.0.1:${(inference.address() as AddressInfo).port}`,
    PORT: '0',
    LOG_LEVEL: 'warn',
    JOB_LEASE_MS: '1500',
    JOB_CONCURRENCY: String(UPLOADS),
  });
  workers.push(worker);
  return worker;
}

const query = <T>(sql: string, parameters: unknown[] = []): Promise<T[]> =>
  modules.kernel.database.dataSource.query(sql, parameters);

/** Ids of the documents whose job of this name somebody is doing. */
async function inWork(job: string): Promise<string[]> {
  const rows = await query<{ id: string }>(
    `select payload ->> 'documentId' as id from job where name = $1 and status = 'RUNNING'`,
    [job],
  );
  return rows.map((row) => row.id);
}

async function until(condition: () => Promise<boolean>, worker: SourceProcess): Promise<void> {
  while (!(await condition())) {
    if (!isAlive(worker.pid)) throw new Error(`The worker ended: ${worker.errors()}`);
    await sleep(10);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Kills a worker that is in the midst of a stage: of writing its rows, where the stage has a table of its own, which
 * is locked so that the worker waits there.
 * @returns the documents that were in the stage
 */
async function killIn(job: string, table: string | undefined, rowsBefore: number): Promise<string[]> {
  const runner = modules.kernel.database.dataSource.createQueryRunner();
  await runner.startTransaction();
  if (table && rowsBefore === 0) await runner.query(`lock table ${table} in share mode`);
  const worker = startWorker();
  try {
    if (table && rowsBefore > 0) {
      await until(
        async () => (await query(`select from ${table} limit ${rowsBefore}`)).length === rowsBefore,
        worker,
      );
      await runner.query(`lock table ${table} in share mode`);
    }
    await until(async () => (await inWork(job)).length > 0 && (!table || (await waitingFor(table))), worker);
    await worker.kill();
    return await inWork(job);
  } finally {
    await runner.rollbackTransaction();
    await runner.release();
  }
}

async function waitingFor(table: string): Promise<boolean> {
  const rows = await query(
    `select from pg_locks l where not l.granted and l.relation in (
       select $1::regclass union select inhrelid from pg_inherits where inhparent = $1::regclass)`,
    [table],
  );
  return rows.length > 0;
}

const chunkTexts = (documentId: string) =>
  query<{ ordinal: number; text: string }>(
    'select ordinal, text from chunk where document_id = $1 order by ordinal, id',
    [documentId],
  );

test('ten uploads become ready though a worker is killed in each of their stages', { timeout: 600_000 }, () =>
  asPrincipal(admin, async () => {
    const base = await createKnowledgeBase(modules.kernel);
    const twin = await createKnowledgeBase(modules.kernel);
    const ids: string[] = [];
    const books = Array.from({ length: UPLOADS }, (_, i) =>
      makePdf({ pages: bookPages({ pages: PAGES(i), seed: i + 1 }) }),
    );
    for (const [i, content] of books.entries()) {
      const upload = { knowledgeBaseId: base.id, fileName: `book-${i}.pdf`, content };
      ids.push((await uploadDocument(modules.kernel, upload)).document.id);
    }

    const killed = {
      parse: await killIn('ingest.parse', undefined, 0),
      chunk: await killIn('ingest.chunk', 'chunk', 0),
      embed: await killIn('ingest.embed', 'chunk_vector', 1),
      index: await killIn('ingest.index', 'posting', 0),
    };
    for (const documents of Object.values(killed)) expect(documents.length).toBeGreaterThan(0);

    startWorker();
    startWorker();
    for (const id of ids) {
      const document = await settledDocument(modules.kernel, id);
      expect(document).toMatchObject({ status: 'READY', failure: null, pageCount: PAGES(ids.indexOf(id)) });
      const chunks = await chunkTexts(id);
      expect(chunks.map((chunk) => chunk.ordinal)).toEqual(chunks.map((_, i) => i));
      expect(document.chunkCount).toBe(chunks.length);
      const [counts] = await query(
        `select (select count(*)::int from posting where document_id = $1) as postings,
                (select count(*)::int from chunk_vector where document_id = $1) as vectors`,
        [id],
      );
      expect(counts).toEqual({ postings: chunks.length, vectors: chunks.length });
    }

    // The same book undisturbed has the same chunks.
    const undisturbed = await uploadDocument(modules.kernel, {
      knowledgeBaseId: twin.id,
      fileName: 'book.pdf',
      content: books[0]!,
    });
    await settledDocument(modules.kernel, undisturbed.document.id);
    expect(await chunkTexts(ids[0]!)).toEqual(await chunkTexts(undisturbed.document.id));

    const [counts] = await query(
      'select sum(chunk_count)::int as chunks, count(*)::int as documents from document where knowledge_base_id = $1',
      [base.id],
    );
    expect(await modules.kernel.registry.client('ingest').knowledgeBase({ id: base.id })).toMatchObject({
      documentCount: (counts as { documents: number }).documents,
      chunkCount: (counts as { chunks: number }).chunks,
    });
    expect(await query(`select from job where status = 'DEAD'`)).toEqual([]);

    // What the killed ones left in the temporary folder is gone; those that live have finished.
    const dead = workers.filter((worker) => !isAlive(worker.pid)).map((worker) => `-${worker.pid}-`);
    const left = readdirSync(tmpdir()).filter((name) =>
      dead.some((pid) => name.includes(`ingest`) && name.includes(pid)),
    );
    expect(left).toEqual([]);
  }),
);

test('pages that OCR has read before a worker was killed are not read again', { timeout: 600_000 }, () =>
  asPrincipal(admin, async () => {
    for (const worker of workers.splice(0)) await worker.kill();
    const base = await createKnowledgeBase(modules.kernel);
    const picture = [60, 60, 400, 600] as const;
    const { document } = await uploadDocument(modules.kernel, {
      knowledgeBaseId: base.id,
      fileName: 'scan.pdf',
      content: makePdf({ pages: [{ picture }, { picture }] }),
    });
    // What a killed run leaves: the first page's lines. The pictures themselves hold no text.
    const lines = [{ text: 'Invoice 4711 of the first page', box: [0.1, 0.1, 0.5, 0.02], confidence: 0.9 }];
    const prefix = `${admin.tenantId}/${document.id}/`;
    await modules.kernel.storage.write(`${prefix}ocr/1.json`, Readable.from([JSON.stringify(lines)]), {
      maxBytes: 1e6,
    });
    startWorker();
    expect(await settledDocument(modules.kernel, document.id)).toMatchObject({ status: 'READY' });
    expect(await chunkTexts(document.id)).toEqual([{ ordinal: 0, text: 'Invoice 4711 of the first page' }]);
    const files: string[] = [];
    for await (const key of modules.kernel.storage.list(prefix)) files.push(key);
    expect(files).toEqual([`${prefix}blocks.jsonl`]);
  }),
);
