import { createKey, createPrincipal } from '@midplane/testing';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Reply, TestClient } from '../testing/boot-gateway.js';
import { type BootedPlatform, bootPlatform } from '../testing/boot-platform.js';

let platform: BootedPlatform;
let client: TestClient;
let base: string;

beforeAll(async () => {
  platform = await bootPlatform();
  const { database } = platform.database;
  client = new TestClient(platform.url, await createKey(database, await createPrincipal(database)));
  const { data } = await client.send(
    'mutation { createKnowledgeBase(input: { name: "Handbook" }) { ... on KnowledgeBase { id } } }',
  );
  base = data.createKnowledgeBase.id;
});
afterAll(() => platform?.stop());

type Headers = Record<string, string>;
type Send = (headers: Headers) => Promise<Reply>;

const PROBLEM = '... on InvalidInput { field message }';
const send =
  (query: string, variables: () => object = () => ({})): Send =>
  (headers) =>
    client.send(query, variables(), headers);
const create = (input: object) =>
  send(
    `mutation ($input: CreateKnowledgeBaseInput!) { createKnowledgeBase(input: $input) { ${PROBLEM} } }`,
    () => ({
      input,
    }),
  );
const search = (input: object) =>
  send(`query ($input: SearchInput!) { search(input: $input) { ${PROBLEM} } }`, () => ({
    input: { query: 'leave', knowledgeBaseIds: [base], ...input },
  }));
const upload =
  (input: object): Send =>
  (headers) =>
    client.upload({ knowledgeBaseId: base, ...input }, 'text', 'a.txt', headers);
const createApiKey = (input: object) =>
  send(`mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { ${PROBLEM} } }`, () => ({
    input: { name: 'k', roles: ['application'], ...input },
  }));

/** Wrong input, by the field that is wrong. */
const WRONG: [field: string, send: Send][] = [
  ['name', create({ name: ' ' })],
  ['name', create({ name: 'a\nb' })],
  ['description', create({ name: 'b', description: 'x'.repeat(2001) })],
  ['readers.0', upload({ readers: ['nobody'] })],
  ['metadata', upload({ metadata: { 'a key': 1 } })],
  ['metadata', upload({ metadata: 'text' })],
  ['query', search({ query: '  ' })],
  ['topK', search({ topK: 1000 })],
  ['filter.year', search({ filter: { year: { above: 1 } } })],
  ['question', send(`mutation { ask(input: { question: "?" }) { ${PROBLEM} } }`)],
  ['name', createApiKey({ name: '' })],
  ['roles', createApiKey({ roles: [] })],
  ['roles.1', createApiKey({ roles: ['application', 'king'] })],
  ['expiresAt', createApiKey({ expiresAt: '2001-01-01T00:00:00Z' })],
  ['requestsPerMinute', createApiKey({ requestsPerMinute: 0 })],
  ['after', send('{ conversations(after: "nonsense") { totalCount } }')],
  ['first', send('{ knowledgeBases(first: 1000) { totalCount } }')],
  [
    'comment',
    send(
      'mutation ($id: ID!, $comment: String!) { rateMessage(messageId: $id, rating: UP, comment: $comment) { id } }',
      () => ({
        id: randomUUID(),
        comment: 'x'.repeat(20_000),
      }),
    ),
  ],
];

const CHINESE = /[\u4e00-\u9fff]/;

it.each(WRONG)('a wrong %s is explained in the language of the request', async (field, wrong) => {
  const messageOf = async (headers: Headers) => {
    const { data, errors } = await wrong(headers);
    const [result] = Object.values(data ?? {}) as ({ field: string; message: string } | null)[];
    if (result) expect(result.field).toBe(field);
    return result?.message ?? errors![0]!.message;
  };
  const english = await messageOf({});
  const chinese = await messageOf({ 'accept-language': 'zh-CN,zh;q=0.9,en;q=0.5' });
  expect(english.startsWith(`${field}: `), english).toBe(true);
  expect(english).not.toMatch(CHINESE);
  expect(chinese.startsWith(`${field}：`), chinese).toBe(true);
  expect(chinese.slice(field.length)).toMatch(CHINESE);
  expect(chinese).not.toMatch(/expected|at most/i);
});
