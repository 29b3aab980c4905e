import { newId, type Principal } from '@midplane/kernel';
import { asPrincipal, createPrincipal, type PostgresTestDatabase, testDatabase } from '@midplane/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { randomOf } from '../../testing/random.js';
import { askedOf } from './bm25.js';
import { CandidateRepository } from './candidate.repository.js';

const TEXTS = 1_500;
const WORDS_EACH = 60;
const VOCABULARY = 2_000;
const LIMIT = 20;

/** Words of which few are common, as in a language: the number of each is about 1 over its rank. */
function wordsOf(count: number, random: () => number): string[] {
  return Array.from({ length: count }, () => `w${Math.floor(VOCABULARY ** random())}`);
}

let db: PostgresTestDatabase;
let admin: Principal;
let base: string;
let texts: string[];

beforeAll(async () => {
  db = await testDatabase();
  admin = await createPrincipal(db.database, { roles: ['administrator'] });
  base = newId();
  const document = newId();
  const query = (sql: string, values: unknown[]) => db.dataSource.query(sql, values);
  await query(
    `insert into knowledge_base (id, tenant_id, name, embedding_model, embedding_revision, dimension)
     values ($1, $2, 'b', 'model', '1', 384)`,
    [base, admin.tenantId],
  );
  await query(
    `insert into document (id, tenant_id, knowledge_base_id, title, file_name, mime_type, size_bytes, sha256,
       storage_key, status, created_by)
     values ($1, $2, $3, 'd', 'f', 'text/plain', 1, 's', 's', 'READY', $4)`,
    [document, admin.tenantId, base, admin.userId],
  );
  const random = randomOf(1);
  texts = Array.from({ length: TEXTS }, () => wordsOf(WORDS_EACH, random).join(' '));
  await query(
    `with written as (
       insert into chunk (id, tenant_id, knowledge_base_id, document_id, ordinal, text, tokens)
       select uuidv7(), $1, $2, $3, t.i, t.words, 0 from unnest($4::text[]) with ordinality t (words, i)
       returning id, text)
     insert into posting (chunk_id, tenant_id, knowledge_base_id, document_id, words)
     select w.id, $1, $2, $3, w.text from written w`,
    [admin.tenantId, base, document, texts],
  );
});
afterAll(() => db.close());

it.each([14, 24, 50])('of %d words are answered by the texts that all of the words choose', async (count) => {
  const candidates = new CandidateRepository(db.database);
  const scope = { knowledgeBaseIds: [base], principals: undefined, filter: [] };
  expect(askedOf(count)).toBeLessThan(count);
  const random = randomOf(count);
  let same = 0;
  const asked = texts.filter((_, i) => i % 100 === 0);
  for (const text of asked) {
    // A third of the words are those of a text, the others stand here and there.
    const words = new Set(text.split(' ').slice(0, count / 3));
    while (words.size < count) words.add(wordsOf(1, random)[0]!);
    const found = (plan: 'wide' | 'narrow') =>
      asPrincipal(admin, () => candidates.byWords(plan, scope, [...words], TEXTS, TEXTS, LIMIT));
    const [wide, narrow] = [await found('wide'), await found('narrow')];
    const scores = new Map(narrow.found.map(({ chunkId, score }) => [chunkId, score]));
    expect(wide.found).toHaveLength(LIMIT);
    expect(wide.reach).toBeCloseTo(narrow.reach, 6);
    // The same text has the same score, whatever it was found by.
    for (const { chunkId, score } of wide.found)
      if (scores.has(chunkId)) expect(score).toBeCloseTo(scores.get(chunkId)!, 6);
    expect(wide.found[0]!.chunkId).toBe(narrow.found[0]!.chunkId);
    same += wide.found.filter(({ chunkId }) => scores.has(chunkId)).length / LIMIT;
  }
  expect(same / asked.length).toBeGreaterThan(0.9);
});
