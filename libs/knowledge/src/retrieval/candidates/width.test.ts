import { newId, type Principal, readerIds } from '@midplane/kernel';
import { asPrincipal, createPrincipal, type PostgresTestDatabase, testDatabase } from '@midplane/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CandidateRepository } from './candidate.repository.js';
import { DOCUMENTS_LISTED } from './bases-query.js';
import { parseMetadataFilter } from './metadata-filter.js';

/** More than are looked at one by one. */
const DOCUMENTS = 2_500;
const CHUNKS_EACH = 3;
const GROUP = newId();

let db: PostgresTestDatabase;
let admin: Principal;
let stranger: Principal;
let base: string;
let mine: string[];

const query = <Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> =>
  db.dataSource.query(sql, parameters);

beforeAll(async () => {
  db = await testDatabase();
  admin = await createPrincipal(db.database, { roles: ['administrator'] });
  stranger = await createPrincipal(db.database, { roles: ['administrator'] });
  base = newId();
  await query(
    `insert into knowledge_base (id, tenant_id, name, embedding_model, embedding_revision, dimension,
       document_count, chunk_count) values ($1, $2, 'wide', 'model', '1', 384, ${DOCUMENTS}, ${DOCUMENTS * CHUNKS_EACH})`,
    [base, admin.tenantId],
  );
  await query(
    `insert into document (tenant_id, knowledge_base_id, title, file_name, mime_type, size_bytes, sha256, storage_key,
       status, created_by, chunk_count, readers, metadata)
     select $1, $2, 'd' || i, 'f', 'text/plain', 1, 's' || i, 's' || i, 'READY', $3, ${CHUNKS_EACH}, $4::text[],
       jsonb_build_object('number', i)
     from generate_series(1, ${DOCUMENTS}) i`,
    [admin.tenantId, base, admin.userId, [newId()]],
  );
  const few = await query<{ id: string }>('select id from document order by id limit 4');
  mine = few.map(({ id }) => id);
  await query('update document set readers = $2 where id = any ($1)', [mine, [GROUP, admin.userId]]);
});
afterAll(() => db.close());

const candidates = () => new CandidateRepository(db.database);
const seenBy = async (
  principals: string[] | undefined,
  { as = admin, filter = {} }: { as?: Principal; filter?: Record<string, unknown> } = {},
) =>
  asPrincipal(as, async () => {
    const scope = { knowledgeBaseIds: [base], principals, filter: parseMetadataFilter(filter) };
    const [found] = await candidates().bases(scope);
    return found && { chunks: found.chunks, documents: found.documents?.toSorted() ?? null };
  });

describe('how much of a knowledge base may be seen', () => {
  it('is everything for who reads everything', async () => {
    expect(await seenBy(undefined)).toEqual({ chunks: DOCUMENTS * CHUNKS_EACH, documents: null });
  });

  it('is listed where it is little, however many documents there are', async () => {
    const listed = { chunks: 4 * CHUNKS_EACH, documents: mine.toSorted() };
    expect(await seenBy([GROUP])).toEqual(listed);
    // Two ways to read a document make one document.
    expect(await seenBy([GROUP, admin.userId])).toEqual(listed);
    expect(await seenBy([newId()])).toEqual({ chunks: 0, documents: [] });
  });

  it('leaves out what is not ready, and what a filter leaves out', async () => {
    await query(`update document set status = 'DELETING' where id = $1`, [mine[0]]);
    expect(await seenBy([GROUP])).toEqual({
      chunks: 3 * CHUNKS_EACH,
      documents: mine.slice(1).toSorted(),
    });
    await query(`update document set status = 'READY' where id = $1`, [mine[0]]);
    expect((await seenBy([GROUP], { filter: { number: { gt: DOCUMENTS } } }))?.documents).toEqual([]);
    expect((await seenBy(undefined, { filter: { number: { lte: 7 } } }))?.chunks).toBe(7 * CHUNKS_EACH);
  });

  it('is counted where it is much, and a filter finds what lies far behind', async () => {
    const group = newId();
    await query(`update document set readers = readers || $1::text where (metadata ->> 'number')::int > 50`, [
      group,
    ]);
    expect(await seenBy([group])).toEqual({ chunks: (DOCUMENTS - 50) * CHUNKS_EACH, documents: null });
    const last = await seenBy([group], { filter: { number: { gt: DOCUMENTS - 5 } } });
    expect(last?.chunks).toBe(5 * CHUNKS_EACH);
    expect(last?.documents).toHaveLength(5);
    const all = (await seenBy([group], { filter: { number: { gt: 0 } } }))!;
    expect(all.documents).toBeNull();
    expect(all.chunks).toBeGreaterThanOrEqual(DOCUMENTS_LISTED * CHUNKS_EACH);
    await query('update document set readers = array_remove(readers, $1)', [group]);
    expect((await seenBy([group]))?.documents).toEqual([]);
  });

  it('follows documents that are opened to all, closed again and removed', async () => {
    await query(`update document set readers = '{}' where id = $1`, [mine[0]]);
    expect((await seenBy([newId()]))?.documents).toEqual([mine[0]]);
    await query('update document set readers = $2 where id = $1', [mine[0], [GROUP]]);
    expect((await seenBy([newId()]))?.documents).toEqual([]);
    await query('delete from document where id = $1', [mine[0]]);
    expect((await seenBy([GROUP]))?.documents).toEqual(mine.slice(1).toSorted());
    expect(await query('select from document_reader where document_id = $1', [mine[0]])).toEqual([]);
  });

  it('is nothing for another tenant, whatever its groups', async () => {
    expect(await seenBy([GROUP, ...readerIds(admin)], { as: stranger })).toBeUndefined();
    const rows = await asPrincipal(stranger, () =>
      db.database.tenant((manager) => manager.query<unknown[]>('select * from document_reader')),
    );
    expect(rows).toEqual([]);
  });
});

describe('what is in the other script than the question', () => {
  /** @returns how many chunks are counted for an English question, and for a Chinese one */
  const across = (principals?: string[]) =>
    asPrincipal(admin, async () => {
      const scope = { knowledgeBaseIds: [base], principals, filter: [] };
      const counts = [];
      for (const han of [false, true]) {
        const [found] = await candidates().bases(scope, { han, named: undefined });
        counts.push(found!.across);
      }
      return counts;
    });

  it('is counted where the graph is asked, and nowhere else', async () => {
    const [document] = await query<{ id: string }>('select id from document order by id desc limit 1');
    await query(
      `with written as (
         insert into chunk (id, tenant_id, knowledge_base_id, document_id, ordinal, text, tokens)
         select uuidv7(), $1, $2, $3, i, case when i <= 5 then '年假' else 'leave' end, 0 from generate_series(1, 12) i
         returning id, han
       )
       insert into chunk_vector
         (chunk_id, tenant_id, knowledge_base_id, document_id, han, embedding_model, dimension, embedding)
       select w.id, $1, $2, $3, w.han, 'model@1', 384, array_fill(1, array[384])::vector::halfvec from written w`,
      [admin.tenantId, base, document!.id],
    );
    expect(await across()).toEqual([5, 7]);
    // So few that all of them are compared.
    expect(await across([GROUP])).toEqual([0, 0]);
  });
});
