import { readConfig } from '@midplane/kernel';
import { ingestConfig, IngestModule, KNOWLEDGE_ENTITIES } from '@midplane/knowledge';
import { InferenceModule } from '@midplane/inference';
import { MIGRATIONS } from '@midplane/migrations';
import { createKey, createPrincipal, type PostgresTestDatabase, testDatabase } from '@midplane/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type BootedGateway, bootGateway, type Data, TestClient } from '../testing/boot-gateway.js';
import { openSubscription } from '../testing/web-socket.js';

const EVENTS = 'subscription ($id: ID!) { documentEvents(knowledgeBaseId: $id) { id status } }';
const MAX_STREAMS = 2;

let database: PostgresTestDatabase;
let gateway: BootedGateway;
let client: TestClient;
let base: string;

beforeAll(async () => {
  database = await testDatabase();
  gateway = await boot();
  const principal = await createPrincipal(database.database);
  client = new TestClient(gateway.url, await createKey(database.database, principal));
  const { data } = await client.send(
    'mutation { createKnowledgeBase(input: { name: "Streams" }) { ... on KnowledgeBase { id } } }',
  );
  base = data.createKnowledgeBase.id;
});
afterAll(async () => {
  await gateway?.stop();
  await database.close();
});

/** @param env of a second gateway beside the first, which has the models: streams need none */
function boot(env?: NodeJS.ProcessEnv): Promise<BootedGateway> {
  const models = env ? [] : [InferenceModule.forRoot({})];
  return bootGateway({
    databaseUrl: database.url,
    migrations: MIGRATIONS,
    entities: KNOWLEDGE_ENTITIES,
    modules: () => [...models, IngestModule.forRoot(readConfig({}, ingestConfig))],
    env: { MAX_STREAMS_PER_KEY: String(MAX_STREAMS), ...env },
  });
}

/** @returns whether one more stream can be had now */
async function roomForOne(): Promise<boolean> {
  const abort = new AbortController();
  const stream = client.stream(EVENTS, { id: base }, abort.signal);
  const refused = await Promise.race([
    stream
      .next()
      .then(({ value }) => (value as Data | undefined)?.errors?.[0].extensions.code === 'STREAMS_LIMITED'),
    new Promise<false>((resolve) => setTimeout(resolve, 500, false)),
  ]).finally(() => abort.abort());
  return !refused;
}

/** How a client opens a stream and how it goes away without a word. */
const DOORS: Record<string, () => Promise<() => void>> = {
  'a WebSocket': () => openSubscription(client, EVENTS, { id: base }),
  'server-sent events': async () => {
    const abort = new AbortController();
    const opened = await fetch(`${gateway.url}/graphql/stream`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...client.authorization },
      body: JSON.stringify({ query: EVENTS, variables: { id: base } }),
      signal: abort.signal,
    });
    expect(opened.status).toBe(200);
    expect(opened.headers.get('x-trace-id')).toMatch(/^[0-9a-f]{32}$/);
    return () => abort.abort();
  },
};

describe.each(Object.keys(DOORS))('a stream by %s', (door) => {
  it('is one of a few that a key may have, and is closed when its client goes away', async () => {
    const leave: (() => void)[] = [];
    for (let n = 0; n < MAX_STREAMS; n++) leave.push(await DOORS[door]!());
    await vi.waitFor(async () => expect(await roomForOne()).toBe(false), { timeout: 10_000 });
    for (const go of leave) go();
    await vi.waitFor(async () => expect(await roomForOne()).toBe(true), { timeout: 10_000 });
  });
});

describe('the stream of events', () => {
  it('ends when its time is over', async () => {
    const brief = await boot({ STREAM_TIMEOUT_MS: '1000' });
    try {
      const events: Data[] = [];
      for await (const event of new TestClient(brief.url, client.key).stream(EVENTS, { id: base }))
        events.push(event);
      expect(events.filter((event) => event.errors)).toEqual([]);
    } finally {
      await brief.stop();
    }
  });

  it('does not keep a gateway from stopping', async () => {
    const other = await boot({});
    const stream = new TestClient(other.url, client.key).stream(EVENTS, { id: base });
    const ended = stream.next();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await other.stop();
    await expect(ended).resolves.toMatchObject({ done: true });
  });
});
