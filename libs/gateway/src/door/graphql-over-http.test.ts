import { MIGRATIONS } from '@midplane/migrations';
import { createKey, createPrincipal, type PostgresTestDatabase, testDatabase } from '@midplane/testing';
import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BootedGateway, bootGateway, TestClient } from '../testing/boot-gateway.js';

let database: PostgresTestDatabase;
let gateway: BootedGateway;
let client: TestClient;

beforeAll(async () => {
  database = await testDatabase();
  gateway = await bootGateway({ databaseUrl: database.url, migrations: MIGRATIONS, entities: [] });
  const principal = await createPrincipal(database.database);
  client = new TestClient(gateway.url, await createKey(database.database, principal));
});
afterAll(async () => {
  await gateway.stop();
  await database.close();
});

const get = (query: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(`${gateway.url}/graphql?${new URLSearchParams(query)}`, {
    headers: { ...client.authorization, ...headers },
  });

const post = (body: NonNullable<RequestInit['body']>, headers: Record<string, string>) =>
  fetch(`${gateway.url}/graphql`, { method: 'POST', body, headers: { ...client.authorization, ...headers } });

interface Answer {
  data: { viewer: object };
  errors: { message: string; extensions: { code: string } }[];
}

describe('GraphQL over HTTP', () => {
  it("passes every one of graphql-http's audits, whether it says MUST, SHOULD or MAY", async () => {
    const audits = serverAudits({
      url: `${gateway.url}/graphql`,
      fetchFn: (url: string, init: RequestInit = {}) =>
        fetch(url, { ...init, headers: { ...client.authorization, ...(init.headers as object) } }),
    });
    const failed: string[] = [];
    for (const audit of audits) {
      const result = await audit.fn();
      if (result.status !== 'ok') failed.push(`${audit.id} ${audit.name}: ${result.reason}`);
    }
    expect(failed).toEqual([]);
    expect(audits.length).toBeGreaterThan(50);
  });

  it('answers the same the second time, compiled, and takes the operation that is named', async () => {
    const query = 'query A { viewer { id } } query B { viewer { name } }';
    const ask = (operationName: string) =>
      get({ query, operationName }).then((response) => response.json() as Promise<Answer>);
    for (let round = 0; round < 3; round++) {
      expect(Object.keys((await ask('A')).data.viewer)).toEqual(['id']);
      expect(Object.keys((await ask('B')).data.viewer)).toEqual(['name']);
    }
    expect((await ask('C')).errors[0]!.message).toContain('"C"');
    expect((await ask('')).errors[0]!.extensions.code).toBe('GRAPHQL_OPERATION_UNKNOWN');
  });

  it('refuses a mutation by GET, and a subscription by either', async () => {
    const mutation = await get({ query: 'mutation { revokeApiKey(id: "x") { __typename } }' });
    expect(mutation.status).toBe(405);
    expect(mutation.headers.get('allow')).toBe('POST');
    const { status, errors } = await client.send(
      'subscription { documentEvents(knowledgeBaseId: "x") { id } }',
    );
    expect(status).toBe(400);
    expect(errors![0]!.message).toContain('/graphql/stream');
  });

  it('takes neither batches nor what a page of another origin can send unasked', async () => {
    const json = { 'content-type': 'application/json' };
    expect((await post('[{"query":"{ __typename }"}]', json)).status).toBe(400);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/graphql']) {
      expect((await post('{"query":"{ __typename }"}', { 'content-type': type })).status).toBe(415);
    }
    const form = new FormData();
    form.set('operations', '{"query":"{ __typename }"}');
    form.set('map', '{}');
    const unasked = await fetch(`${gateway.url}/graphql`, { method: 'POST', body: form });
    expect(unasked.status).toBe(401);
    expect((await post(form, {})).status).toBe(200);
  });

  it('refuses a body over the limit', async () => {
    const reply = await post(JSON.stringify({ query: `# ${'x'.repeat(2 ** 20)}` }), {
      'content-type': 'application/json',
    });
    expect(reply.status).toBe(413);
    expect(((await reply.json()) as { errors: unknown[] }).errors).toHaveLength(1);
  });

  it('answers 406 to who accepts neither of its media types', async () => {
    expect((await get({ query: '{ __typename }' }, { accept: 'image/png' })).status).toBe(406);
  });

  it('gives every response a trace id, and keeps that of the caller', async () => {
    const trace = 'ab'.repeat(16);
    const own = await get({ query: '{ __typename }' }, { traceparent: `00-${trace}-${'12'.repeat(8)}-01` });
    expect(own.headers.get('x-trace-id')).toBe(trace);
    const nowhere = await fetch(`${gateway.url}/nowhere`);
    expect(nowhere.status).toBe(404);
    expect(nowhere.headers.get('x-trace-id')).toMatch(/^[0-9a-f]{32}$/);
    expect(nowhere.headers.get('x-content-type-options')).toBe('nosniff');
  });
});

describe('in a browser', () => {
  const html = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

  it('/graphql is GraphiQL, made of nothing from elsewhere', async () => {
    const page = await fetch(`${gateway.url}/graphql`, { headers: html });
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    const text = await page.text();
    const links = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!);
    expect(links).toHaveLength(3);
    for (const link of [...links, '/graphql/assets/graphql.worker.js']) {
      const asset = await fetch(new URL(link, gateway.url));
      expect([link, asset.status]).toEqual([link, 200]);
      expect((await asset.text()).length).toBeGreaterThan(100);
    }
    expect((await fetch(`${gateway.url}/graphql/assets/passwd`)).status).toBe(404);
  });

  it('/ says what is where, in the language of the browser', async () => {
    const page = await fetch(gateway.url, { headers: { ...html, 'accept-language': 'zh-CN,zh;q=0.9' } });
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('位于 /graphql');
  });
});
