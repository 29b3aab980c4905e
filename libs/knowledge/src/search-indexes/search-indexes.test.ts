import { newId } from '@midplane/kernel';
import { type PostgresTestDatabase, testDatabase } from '@midplane/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BuildFailed, buildIndex, BuildRunning } from './build.js';
import { SEARCH_INDEXES } from './definitions.js';
import { inspectIndexes, leftoversOf } from './inspect.js';
import type { BuildProgress } from './progress.js';
import { openSessions, type Sessions } from './sessions.js';

const GRAPH = 'chunk_vector_384_hnsw';
const WORDS = 'posting_words';
const ROWS = 4_000;

let db: PostgresTestDatabase;
let sessions: Sessions;

beforeAll(async () => {
  db = await testDatabase();
  sessions = await openSessions(db.url);
  await fill();
});
afterAll(async () => {
  await sessions.close();
  await db.close();
});

/** Chunks with a vector of a direction of its own each, and the same words but one. */
async function fill(): Promise<void> {
  const [tenant, base, document] = [newId(), newId(), newId()];
  const query = (sql: string, parameters: unknown[] = []) => db.dataSource.query(sql, parameters);
  await query('insert into tenant (id, name) values ($1, $2)', [tenant, 'indexes']);
  await query(
    `insert into knowledge_base (id, tenant_id, name, embedding_model, embedding_revision, dimension)
     values ($1, $2, 'base', 'model', '1', 384)`,
    [base, tenant],
  );
  await query(
    `insert into document (id, tenant_id, knowledge_base_id, title, file_name, mime_type, size_bytes, sha256,
       storage_key, status, created_by) values ($1, $2, $3, 't', 't', 'text/plain', 1, 's', 's', 'READY', $2)`,
    [document, tenant, base],
  );
  await query(
    `insert into chunk (tenant_id, knowledge_base_id, document_id, ordinal, text, tokens)
     select $1, $2, $3, i, 'chunk ' || i, 2 from generate_series(1, ${ROWS}) i`,
    [tenant, base, document],
  );
  await query(
    `insert into posting (chunk_id, tenant_id, knowledge_base_id, document_id, words)
     select id, tenant_id, knowledge_base_id, document_id, 'holiday word' || ordinal from chunk`,
  );
  await query(
    `insert into chunk_vector (chunk_id, tenant_id, knowledge_base_id, document_id, embedding_model, dimension, embedding)
     select id, tenant_id, knowledge_base_id, document_id, 'model@1', 384,
       (select array_agg(sin(ordinal * j))::halfvec from generate_series(1, 384) j) from chunk`,
  );
}

const stateOf = async (name: string) =>
  (await inspectIndexes(sessions.builder)).find((state) => state.name === name)!;
const indexOf = (name: string) => SEARCH_INDEXES.find((index) => index.name === name)!;
const build = (name: string, onProgress?: (progress: BuildProgress) => void) =>
  buildIndex(sessions.builder, sessions.watcher, name, onProgress ? { onProgress } : {});

/** As the search asks. @returns how many were found, and whether an index was read */
async function found(name: string): Promise<{ rows: number; byIndex: boolean }> {
  const sql =
    name === WORDS
      ? `select chunk_id from posting order by words <@> to_bm25query('holiday word7', '${WORDS}') limit 5`
      : `select chunk_id from chunk_vector_384 order by embedding::halfvec(384) <=>
           (select array_agg(sin(7 * j))::halfvec(384) from generate_series(1, 384) j) limit 5`;
  return db.dataSource.transaction(async (manager) => {
    await manager.query('set local enable_sort = off');
    const plan = await manager.query<Record<string, string>[]>(`explain ${sql}`);
    const rows = await manager.query<unknown[]>(sql);
    return { rows: rows.length, byIndex: JSON.stringify(plan).includes('Index Scan using') };
  });
}

describe('the indexes of the search', () => {
  it('are all as they should be after the migrations', async () => {
    expect((await inspectIndexes(sessions.builder)).map(({ name, need }) => [name, need])).toEqual(
      SEARCH_INDEXES.map(({ name }) => [name, 'NOTHING']),
    );
  });

  it.each([GRAPH, WORDS])('are found missing, and built: %s', async (name) => {
    await db.dataSource.query(`drop index ${name}`);
    expect((await stateOf(name)).need).toBe('MISSING');
    await build(name);
    expect(await stateOf(name)).toMatchObject({ need: 'NOTHING', options: indexOf(name).options });
    expect(await found(name)).toEqual({ rows: 5, byIndex: true });
  });

  it.each([GRAPH, WORDS])('are built again while searches and writes go on: %s', async (name) => {
    const progress: BuildProgress[] = [];
    let building = true;
    const searches: { rows: number; byIndex: boolean }[] = [];
    const built = build(name, (each) => progress.push(each)).finally(() => (building = false));
    while (building) {
      searches.push(await found(name));
      await db.dataSource.query(`update document set title = title || '.'`);
    }
    await built;
    expect(searches.length).toBeGreaterThan(0);
    expect(searches.every(({ rows, byIndex }) => rows === 5 && byIndex)).toBe(true);
    // The words of so few are indexed before anybody could look.
    if (name === GRAPH) expect(progress.map(({ phase }) => phase).join()).toMatch(/building index/);
    expect(progress.every(({ done }) => done === null || (done >= 0 && done <= 1))).toBe(true);
    expect(await stateOf(name)).toMatchObject({ need: 'NOTHING' });
    expect(await leftoversOf(sessions.builder, indexOf(name))).toEqual([]);
  });

  it('take the settings of today in place of those that they were built with', async () => {
    await db.dataSource.query(`drop index ${GRAPH}`);
    await db.dataSource.query(
      `create index ${GRAPH} on chunk_vector_384 using hnsw ((embedding::halfvec(384)) halfvec_cosine_ops) with (m = 4, ef_construction = 16)`,
    );
    expect(await stateOf(GRAPH)).toMatchObject({ need: 'OTHER_SETTINGS', options: { m: '4' } });
    await build(GRAPH);
    expect(await stateOf(GRAPH)).toMatchObject({ need: 'NOTHING', options: indexOf(GRAPH).options });
    expect(await found(GRAPH)).toEqual({ rows: 5, byIndex: true });
  });

  it('are noticed where a build broke off, and built anew without what it left', async () => {
    await db.dataSource.query(`drop index ${GRAPH}`);
    await interrupted(`create index concurrently ${GRAPH} on chunk_vector_384
      using hnsw ((embedding::halfvec(384)) halfvec_cosine_ops) with (m = 16, ef_construction = 128)`);
    expect((await stateOf(GRAPH)).need).toBe('BROKEN');
    await build(GRAPH);
    expect((await stateOf(GRAPH)).need).toBe('NOTHING');

    await interrupted(`reindex index concurrently ${GRAPH}`);
    expect(await leftoversOf(sessions.builder, indexOf(GRAPH))).not.toEqual([]);
    expect(await found(GRAPH)).toEqual({ rows: 5, byIndex: true });
    await build(GRAPH);
    expect(await leftoversOf(sessions.builder, indexOf(GRAPH))).toEqual([]);
  });

  it('stay as they were where a build fails, and nothing of it is left', async () => {
    const failing = {
      query: <Row>(sql: string, parameters?: unknown[]) =>
        sql.startsWith('reindex')
          ? interrupted(sql).then(() => Promise.reject(new Error('canceled')))
          : sessions.builder.query<Row>(sql, parameters),
    };
    await expect(buildIndex(failing, sessions.watcher, GRAPH)).rejects.toThrow(BuildFailed);
    expect(await leftoversOf(sessions.builder, indexOf(GRAPH))).toEqual([]);
    expect((await stateOf(GRAPH)).need).toBe('NOTHING');
  });

  it('are built by one session at a time', async () => {
    const building = build(GRAPH);
    const other = await openSessions(db.url);
    await expect(buildIndex(other.builder, other.watcher, WORDS)).rejects.toThrow(BuildRunning);
    await other.close();
    await building;
  });
});

/** Runs a statement in a session of its own, and cancels it once its index is in the catalogue. */
async function interrupted(statement: string): Promise<void> {
  const own = await openSessions(db.url);
  const [{ pid }] = (await own.builder.query('select pg_backend_pid() as pid')) as [{ pid: number }];
  const running = own.builder.query(statement).then(
    () => 'done',
    () => 'canceled',
  );
  for (let seen = false; !seen;) {
    const [row] = await own.watcher.query<{ phase: string }>(
      'select phase from pg_stat_progress_create_index where pid = $1',
      [pid],
    );
    seen = row?.phase.startsWith('building index') ?? false;
  }
  await own.watcher.query('select pg_cancel_backend($1)', [pid]);
  expect(await running).toBe('canceled');
  await own.close();
}
