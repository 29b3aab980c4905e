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

const DOCUMENTS = 24;
/** Their codes take several rows. */
const CHUNKS_EACH = 60;
const VOCABULARY = 3_000;
const LIMIT = 10;

/** Words in both scripts, of which few are common: the number of each is about 1 over its rank. Always the same ones. */
function wordsOf(count: number, random: () => number): string[] {
  return Array.from({ length: count }, () => {
    const rank = Math.floor(VOCABULARY ** random());
    return rank % 2 === 0 ? `w${rank}` : `假${rank}`;
  });
}

describe.each([
  ['Postgres', testDatabase],
  ['the embedded database', embeddedTestDatabase],
])('chunks by the codes of their words on %s', (_, openTestDatabase) => {
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
    admin = await createPrincipal(db.database, { roles: ['administrator'] });
    stranger = await createPrincipal(db.database, { roles: ['administrator'] });
    ({ base, documents } = await partlyReadable(owner, admin, DOCUMENTS));
    const random = randomOf(1);
    const texts = Array.from({ length: DOCUMENTS * CHUNKS_EACH }, (__, i) =>
      wordsOf(1 + Math.floor(120 * random()), random)
        // One text has one of its words more often than a byte can tell.
        .concat(i === 700 ? Array.from({ length: 300 }, () => 'w2') : [])
        .join(' '),
    );
    const chunks = await owner<{ id: string }>(
      `insert into chunk (id, tenant_id, knowledge_base_id, document_id, ordinal, text, tokens)
       select uuidv7(), $1, $2, ($3::uuid[])[1 + (i - 1) / ${CHUNKS_EACH}], i, words, 0
       from unnest($4::text[]) with ordinality t (words, i)
       returning id`,
      [admin.tenantId, base, documents, texts],
    );
    expect(chunks).toHaveLength(texts.length);
    await owner(
      `insert into posting (chunk_id, tenant_id, knowledge_base_id, document_id, words)
       select c.id, c.tenant_id, c.knowledge_base_id, c.document_id, c.text from chunk c`,
    );
  });
  afterAll(() => db.close());

  const scopeOf = (scope: Partial<SearchScope> = {}): SearchScope => ({
    knowledgeBaseIds: [base],
    principals: undefined,
    filter: [],
    ...scope,
  });
  const QUESTIONS = [3, 1, 12, 40].map((count, i) => [...new Set(wordsOf(count, randomOf(50 + i)))]);

  /** What a plan finds for some questions. */
  const found = (plan: 'codes' | 'narrow', scope: SearchScope, as = admin) =>
    asPrincipal(as, () =>
      Promise.all(
        QUESTIONS.map((words) => candidates.byWords(plan, scope, [...words, 'unseen'], 1000, 1000, LIMIT)),
      ),
    );

  it.each<[string, Partial<SearchScope>]>([
    ['everything', {}],
    ['what a reader may see', { principals: [READING_GROUP] }],
    ['what one of two groups may see', { principals: [READING_GROUP, 'another'] }],
    ['what is open to all', { principals: [newId()] }],
    ['metadata', { filter: parseMetadataFilter({ number: { gt: 18 } }) }],
  ])('are those that counting all words finds: %s', async (_name, scope) => {
    const exact = await found('narrow', scopeOf(scope));
    for (const { found: chunks } of exact) expect(chunks.length).toBeGreaterThan(0);
    expect(await found('codes', scopeOf(scope))).toEqual(exact);
  });

  it('are those of named documents', async () => {
    const scope = scopeOf({ within: { documentIds: documents.slice(0, 3) } });
    expect(await found('codes', scope)).toEqual(await found('narrow', scope));
  });

  it('are nobody else’s', async () => {
    const others = await found('codes', scopeOf(), stranger);
    expect(others.flatMap((question) => question.found)).toEqual([]);
  });

  it('hold a word as many times as a byte can tell', async () => {
    const [row] = await owner<{ code: Buffer }>(
      `select code_of_words(repeat('w2 ', 300) || '年假 w3') as code`,
    );
    const code = Buffer.from(row!.code);
    expect([code.readInt16BE(0), code.readInt16BE(2), code.readInt16BE(4)]).toEqual([302, 1, 2]);
    expect(code).toHaveLength(6 + 4 + 2 * 3);
    expect(code[6 + 3]).toBe(255);
  });

  it('are kept of every text that is written, once, in rows that stay in their page', async () => {
    const [row] = await owner(
      `select count(distinct id)::int as ids, count(id)::int as all, count(distinct row_id) > ${DOCUMENTS} as several,
         max(bytes) < 8000 as paged
       from (select c.id as row_id, length(c.codes) + 20 * cardinality(c.chunk_ids) as bytes, unnest(c.chunk_ids) as id
         from word_code c) v`,
    );
    const chunks = DOCUMENTS * CHUNKS_EACH;
    expect(row).toEqual({ ids: chunks, all: chunks, several: true, paged: true });
  });

  it('are found behind any number of better ones that are not ready', async () => {
    const ready = await owner<{ id: string }>(`select id from document where status = 'READY' order by id`);
    const [last, ...others] = ready.map(({ id }) => id);
    await owner(`update document set status = 'DELETING' where id = any ($1)`, [others]);
    const exact = await found('narrow', scopeOf());
    expect(await found('codes', scopeOf())).toEqual(exact);
    const ids = exact.flatMap((question) => question.found.map(({ chunkId }) => chunkId));
    const rows = await owner<{ id: string }>(
      'select distinct document_id as id from chunk where id = any ($1)',
      [ids],
    );
    expect(rows).toEqual([{ id: last }]);
    await owner(`update document set status = 'READY' where id = any ($1)`, [others]);
  });

  it('go with their document', async () => {
    const [id] = documents;
    for (const table of ['posting', 'chunk', 'document'])
      await owner(`delete from ${table} where ${table === 'document' ? 'id' : 'document_id'} = $1`, [id]);
    expect(await owner('select from word_code where document_id = $1', [id])).toEqual([]);
  });
});
