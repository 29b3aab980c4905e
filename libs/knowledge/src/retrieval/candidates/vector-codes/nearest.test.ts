import { newId, type Principal } from '@midplane/kernel';
import {
  asPrincipal,
  createPrincipal,
  embeddedTestDatabase,
  testDatabase,
  type TestDatabase,
} from '@midplane/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partlyReadable, READING_GROUP } from '../../../testing/partly-readable.js';
import { randomOf } from '../../../testing/random.js';
import { CandidateRepository } from '../candidate.repository.js';
import { parseMetadataFilter } from '../metadata-filter.js';
import type { SearchScope } from '../queries.js';

const EMBEDDER = { name: 'model', revision: '1', dimension: 384 };
const OTHER = { ...EMBEDDER, revision: '2' };
const DOCUMENTS = 24;
/** More than stand in one row of codes. */
const CHUNKS_EACH = 60;
const LIMIT = 10;

/** Vectors that have much in common and are of some topics, as those of texts are; always the same ones. */
function vectorsOf(count: number, seed: number): Float32Array[] {
  const common = aroundZero(1);
  const direction = () => Float32Array.from({ length: EMBEDDER.dimension }, common);
  const shared = direction();
  const topics = Array.from({ length: 10 }, direction);
  const own = aroundZero(seed);
  return Array.from({ length: count }, () => {
    const weights = topics.map(own);
    return shared.map((value, d) => weights.reduce((sum, weight, t) => sum + weight * topics[t]![d]!, value));
  });
}

/** Numbers from -.5 to .5. */
function aroundZero(seed: number): () => number {
  const random = randomOf(seed);
  return () => random() - 0.5;
}

describe.each([
  ['Postgres', testDatabase],
  ['the embedded database', embeddedTestDatabase],
])('the nearest by codes on %s', (_, openTestDatabase) => {
  let db: TestDatabase;
  let admin: Principal;
  let stranger: Principal;
  let candidates: CandidateRepository;
  let base: string;
  let documents: string[];

  const owner = <Row>(sql: string, values: unknown[] = []) =>
    db.database.tenantOf(admin.tenantId, (manager) => manager.query<Row[]>(sql, values));

  beforeAll(async () => {
    db = await openTestDatabase();
    candidates = new CandidateRepository(db.database);
    // Nothing here goes through the graph, and building it takes longest.
    await db.dataSource.query('drop index chunk_vector_384_hnsw');
    admin = await createPrincipal(db.database, { roles: ['administrator'] });
    stranger = await createPrincipal(db.database, { roles: ['administrator'] });
    ({ base, documents } = await partlyReadable(owner, admin, DOCUMENTS));
    // Every fourth chunk is in Han characters.
    await owner(
      `insert into chunk (id, tenant_id, knowledge_base_id, document_id, ordinal, text, tokens)
       select uuidv7(), $1, $2, d.id, i, case when i % 4 = 0 then '年假' else 'leave' end, 0
       from unnest($3::uuid[]) d (id) cross join generate_series(1, ${CHUNKS_EACH}) i`,
      [admin.tenantId, base, documents],
    );
    const chunks = await owner<{ id: string }>('select id from chunk order by id');
    for (const [embedder, seed] of [
      [EMBEDDER, 2],
      [OTHER, 3],
    ] as const)
      await owner(
        `insert into chunk_vector
           (chunk_id, tenant_id, knowledge_base_id, document_id, han, embedding_model, dimension, embedding)
         select c.id, c.tenant_id, c.knowledge_base_id, c.document_id, c.han, $3, $4, g.embedding::halfvec
         from unnest($1::uuid[], $2::text[]) as g (id, embedding) join chunk c on c.id = g.id`,
        [
          chunks.map(({ id }) => id),
          vectorsOf(chunks.length, seed).map((vector) => `[${vector.join(',')}]`),
          `model@${embedder.revision}`,
          embedder.dimension,
        ],
      );
  });
  afterAll(() => db.close());

  const scopeOf = (scope: Partial<SearchScope> = {}): SearchScope => ({
    knowledgeBaseIds: [base],
    principals: undefined,
    filter: [],
    ...scope,
  });

  /** What a plan finds for some questions. */
  const found = (
    plan: 'codes' | 'narrow',
    scope: SearchScope,
    { embedder = EMBEDDER, han = undefined as boolean | undefined, as = admin } = {},
  ) =>
    asPrincipal(as, () =>
      Promise.all(
        vectorsOf(5, 99).map((vector) =>
          candidates.nearest(plan, scope, embedder, vector, 1000, 1000, LIMIT, han),
        ),
      ),
    );

  it.each<[string, Partial<SearchScope>, { embedder?: typeof EMBEDDER; han?: boolean }]>([
    ['everything', {}, {}],
    ['what a reader may see', { principals: [READING_GROUP] }, {}],
    ['what one of two groups may see', { principals: [READING_GROUP, 'another'] }, {}],
    ['what is open to all', { principals: [newId()] }, {}],
    ['metadata', { filter: parseMetadataFilter({ number: { gt: 18 } }) }, {}],
    [
      'metadata of what a reader may see',
      { principals: ['somebody'], filter: parseMetadataFilter({ number: { gt: 9 } }) },
      {},
    ],
    ['one script', {}, { han: true }],
    ['the other script, for a reader', { principals: [READING_GROUP] }, { han: false }],
    ['another embedder', {}, { embedder: OTHER }],
  ])('are those that comparing everything finds: %s', async (_name, scope, options) => {
    const exact = await found('narrow', scopeOf(scope), options);
    expect(exact.every((list) => list.length === LIMIT)).toBe(true);
    expect(await found('codes', scopeOf(scope), options)).toEqual(exact);
  });

  it('are looked for among named and listed documents only', async () => {
    const two = [documents[1]!, documents[6]!];
    for (const scope of [{ documentIds: two }, { within: { documentIds: two } }]) {
      const exact = await found('narrow', scopeOf(scope));
      expect(await found('codes', scopeOf(scope))).toEqual(exact);
    }
  });

  it.each(['codes', 'narrow'] as const)('of each script are found at once: %s', async (plan) => {
    const each = await asPrincipal(admin, () =>
      Promise.all(
        vectorsOf(5, 99).map((vector) => candidates.nearestOfEach(plan, scopeOf(), EMBEDDER, vector, LIMIT)),
      ),
    );
    for (const han of [true, false])
      expect(each.map((near) => near.filter((candidate) => candidate.han === han))).toEqual(
        await found('narrow', scopeOf(), { han }),
      );
    for (const near of each) expect(near).toEqual(near.toSorted((a, b) => b.score - a.score));
  });

  it('are nobody else’s: not of another tenant, not unready, not unreadable', async () => {
    expect((await found('codes', scopeOf(), { as: stranger })).flat()).toEqual([]);
    const ids = (await found('codes', scopeOf({ principals: [READING_GROUP] })))
      .flat()
      .map(({ chunkId }) => chunkId);
    const rows = await owner<{ status: string; readers: string[] }>(
      'select distinct d.status, d.readers from document d join chunk c on c.document_id = d.id where c.id = any ($1)',
      [ids],
    );
    expect(rows.every(({ status }) => status === 'READY')).toBe(true);
    expect(rows.every(({ readers }) => readers.length === 0 || readers.includes(READING_GROUP))).toBe(true);
  });

  it('are found of every vector that is written, once, and none where there are none', async () => {
    const [row] = await owner(
      `select count(distinct id)::int as ids, count(id)::int as all, count(distinct v.id_of_row)::int as rows
       from (select c.id as id_of_row, unnest(c.chunk_ids) as id from vector_code c where embedding_model = 'model@1') v`,
    );
    const chunks = DOCUMENTS * CHUNKS_EACH;
    expect(row).toEqual({ ids: chunks, all: chunks, rows: 3 * DOCUMENTS });
    await owner('insert into chunk_vector select * from chunk_vector where false');
    expect((await found('codes', scopeOf({ knowledgeBaseIds: [newId()] }))).flat()).toEqual([]);
  });

  it('are found behind any number of nearer ones that are not ready', async () => {
    const ready = await owner<{ id: string }>(`select id from document where status = 'READY' order by id`);
    const [last, ...others] = ready.map(({ id }) => id);
    await owner(`update document set status = 'DELETING' where id = any ($1)`, [others]);
    const exact = await found('narrow', scopeOf());
    expect(exact.every((list) => list.length === LIMIT)).toBe(true);
    expect(await found('codes', scopeOf())).toEqual(exact);
    const rows = await owner<{ id: string }>(
      'select distinct document_id as id from chunk where id = any ($1)',
      [exact.flat().map(({ chunkId }) => chunkId)],
    );
    expect(rows).toEqual([{ id: last }]);
    await owner(`update document set status = 'READY' where id = any ($1)`, [others]);
  });

  it('go with their document', async () => {
    const [id] = documents;
    for (const table of ['chunk_vector', 'chunk', 'document'])
      await owner(`delete from ${table} where ${table === 'document' ? 'id' : 'document_id'} = $1`, [id]);
    expect(await owner('select from vector_code where document_id = $1', [id])).toEqual([]);
  });
});
