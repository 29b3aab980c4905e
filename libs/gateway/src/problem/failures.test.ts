import { MIGRATIONS } from '@midplane/migrations';
import { createKey, createPrincipal, type PostgresTestDatabase, testDatabase } from '@midplane/testing';
import type { Principal } from '@midplane/kernel';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type BootedGateway, bootGateway, type Data, TestClient } from '../testing/boot-gateway.js';

let database: PostgresTestDatabase;
let gateway: BootedGateway;
let principal: Principal;
let client: TestClient;

/** A gateway alone: ingest is not configured, which is a fault of ours, and retrieval and sessions can't be reached. */
beforeAll(async () => {
  database = await testDatabase();
  gateway = await bootGateway({
    databaseUrl: database.url,
    migrations: MIGRATIONS,
    entities: [],
    env: { RETRIEVAL_URL: 'http://127.0.0.1:1', SESSIONS_URL: 'http://127.0.0.1:1', MAX_QUERY_DEPTH: '5' },
  });
  principal = await createPrincipal(database.database);
  client = new TestClient(gateway.url, await createKey(database.database, principal));
});
afterAll(async () => {
  await gateway?.stop();
  await database.close();
});

const zh = { 'accept-language': 'zh-CN' };
const newer = { accept: 'application/graphql-response+json' };
const SEARCH = `query ($input: SearchInput!) { search(input: $input) { __typename
  ... on InvalidInput { code message field } ... on Unavailable { code message } } }`;
const ASK = `mutation ($input: AskInput!) { ask(input: $input) { __typename ... on Problem { code message } ... on LimitExceeded { retryAfterMs } } }`;
const input = () => ({ query: 'leave', knowledgeBaseIds: [randomUUID()] });

describe('a fault', () => {
  it('shows its trace id and nothing else; the log has the rest', async () => {
    const logged = vi.spyOn(gateway.kernel.logger, 'error');
    for (const [headers, text] of [
      [{}, 'Something went wrong'],
      [zh, '系统内部出现错误'],
    ] as const) {
      const {
        status,
        data,
        errors,
        headers: sent,
      } = await client.send('{ knowledgeBases { totalCount } }', {}, headers);
      const traceId = sent.get('x-trace-id')!;
      expect(status).toBe(200);
      expect(data).toBeNull();
      expect(errors).toEqual([
        {
          message: expect.stringContaining(text),
          locations: [{ line: 1, column: 3 }],
          path: ['knowledgeBases'],
          extensions: { code: 'INTERNAL', traceId },
        },
      ]);
      expect(errors![0]!.message).toContain(traceId);
      expect(JSON.stringify(errors)).not.toMatch(/INGEST_URL|process|\.ts/);
      const [fields] = logged.mock.lastCall as unknown as [{ err: Error; traceId: string }];
      expect(fields.traceId).toBe(traceId);
      expect(fields.err.message).toContain('INGEST_URL');
    }
    expect((await client.send('{ knowledgeBases { totalCount } }', {}, newer)).status).toBe(500);
    logged.mockRestore();
  });

  it('is one in a stream too', async () => {
    const { value } = await client
      .stream(
        'subscription { documentEvents(knowledgeBaseId: "01900000-0000-7000-8000-000000000000") { id } }',
        {},
      )
      .next();
    expect(value!.errors[0].extensions.code).toBe('INTERNAL');
  });
});

describe('an expected failure', () => {
  it('of a service that is down names it, and is not logged as an error', async () => {
    const logged = vi.spyOn(gateway.kernel.logger, 'error');
    const { data } = await client.send(SEARCH, { input: input() }, zh);
    expect(data.search).toEqual({
      __typename: 'Unavailable',
      code: 'SERVICE_UNAVAILABLE',
      message: '服务 retrieval 暂时无法访问，请稍后重试。',
    });
    const { errors, status } = await client.send('{ conversations { totalCount } }', {}, newer);
    expect(status).toBe(503);
    expect(errors![0]).toMatchObject({
      message: 'The service sessions cannot be reached. Try again shortly.',
      extensions: { code: 'SERVICE_UNAVAILABLE', kind: 'Unavailable' },
    });
    expect(logged).not.toHaveBeenCalled();
    logged.mockRestore();
  });

  it('of the input names the field and what was expected, in the language of the request', async () => {
    const wrong = { input: { ...input(), topK: 1000 } };
    expect((await client.send(SEARCH, wrong)).data.search).toMatchObject({
      __typename: 'InvalidInput',
      field: 'topK',
      message: expect.stringMatching(/topK: Too big.*100/),
    });
    expect((await client.send(SEARCH, wrong, zh)).data.search.message).toMatch(/topK：数值过大.*100/);
    const other = { input: { ...input(), knowledgeBaseIds: ['nonsense'] } };
    expect((await client.send(SEARCH, other)).data.search.field).toBe('knowledgeBaseIds.0');
    expect((await client.send(SEARCH, { input: { ...input(), query: 'a\u0000' } })).data.search.field).toBe(
      'query',
    );
    const { errors } = await client.send('{ conversations(first: 101) { totalCount } }');
    expect(errors![0]!.extensions).toMatchObject({ code: 'INVALID_INPUT', kind: 'InvalidInput' });
  });

  it('of an id that is none: it names nothing', async () => {
    const { data } = await client.send(
      `mutation { deleteDocument(id: "nonsense") { __typename ... on Problem { message } }
                  revokeApiKey(id: "nonsense") { __typename ... on Problem { code } } }`,
    );
    expect(data.deleteDocument).toEqual({
      __typename: 'NotFound',
      message: 'There is no document nonsense, or you may not read it.',
    });
    expect(data.revokeApiKey).toEqual({ __typename: 'NotFound', code: 'API_KEY_NOT_FOUND' });
    expect(
      (await client.send('{ knowledgeBase(id: "nonsense") { id } document(id: "") { id } }')).data,
    ).toEqual({
      knowledgeBase: null,
      document: null,
    });
  });

  it('of a document that asks for too much says which limit', async () => {
    const deep = '{ conversations { nodes { messages { nodes { answer { citations { quote } } } } } } }';
    const { errors, status } = await client.send(deep, {}, { ...zh, ...newer });
    expect(status).toBe(400);
    expect(errors).toEqual([
      {
        message: 'GraphQL 操作嵌套了 7 层，最多允许 5 层。',
        extensions: { code: 'QUERY_TOO_DEEP', kind: 'LimitExceeded' },
      },
    ]);
    const costly = '{ conversations(first: 100) { nodes { messages(first: 100) { nodes { id } } } } }';
    expect((await client.send(costly)).errors![0]!.extensions!.code).toBe('QUERY_TOO_COSTLY');
  });
});

describe('the rate limit of a key', () => {
  const limited = async () =>
    new TestClient(
      gateway.url,
      await createKey(database.database, { ...principal }, { requestsPerMinute: 2 }),
    );

  it('is said by the union where there is one, with the time to wait', async () => {
    const few = await limited();
    const ask = { input: { question: 'q' } };
    for (let n = 0; n < 2; n++) expect((await few.send(ASK, ask)).data.ask.code).toBe('SERVICE_UNAVAILABLE');
    const { data, headers } = await few.send(ASK, ask, zh);
    expect(data.ask).toMatchObject({ __typename: 'LimitExceeded', code: 'RATE_LIMITED' });
    expect(data.ask.message).toContain('请求过于频繁');
    expect(data.ask.retryAfterMs).toBeGreaterThan(0);
    expect(data.ask.retryAfterMs).toBeLessThanOrEqual(30_000);
    expect(Number(headers.get('retry-after'))).toBe(Math.ceil(data.ask.retryAfterMs / 1000));

    const { status, errors } = await few.send('{ viewer { id } }', {}, newer);
    expect(status).toBe(429);
    expect(errors![0]!.extensions).toMatchObject({ code: 'RATE_LIMITED', kind: 'LimitExceeded' });
  });

  it('counts at every door, and for each key alone', async () => {
    const few = await limited();
    const socket = few.webSocket();
    const viewer = '{ viewer { id } }';
    const bySocket = async () => (await socket.iterate<Data>({ query: viewer }).next()).value!;
    const byStream = async () => (await few.stream(viewer, {}).next()).value!;
    expect((await bySocket()).errors).toBeUndefined();
    expect((await byStream()).errors).toBeUndefined();
    expect((await bySocket()).errors![0]!.extensions!.code).toBe('RATE_LIMITED');
    expect((await byStream()).errors[0].extensions.code).toBe('RATE_LIMITED');
    expect((await few.send(viewer)).errors![0]!.extensions!.code).toBe('RATE_LIMITED');
    expect((await client.send(viewer)).errors).toBeUndefined();
    await socket.dispose();
  });
});
