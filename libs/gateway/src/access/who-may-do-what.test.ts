import { randomUUID } from 'node:crypto';
import { type Role, ROLES } from '@midplane/kernel';
import { createKey, createPrincipal, createTenant, type PostgresTestDatabase } from '@midplane/testing';
import { buildSchema, type GraphQLSchema } from 'graphql';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { webSocketWithHeader } from '../testing/web-socket.js';
import { type Data, type Reply, TestClient } from '../testing/boot-gateway.js';
import { type BootedPlatform, bootPlatform } from '../testing/boot-platform.js';

const TEXT = 'Every employee has 25 days of annual leave.';
const PROBLEM = '... on Problem { code message }';

let database: PostgresTestDatabase;
let gateway: BootedPlatform;
let schema: GraphQLSchema;

beforeAll(async () => {
  gateway = await bootPlatform();
  database = gateway.database;
  schema = buildSchema(
    await readFile(new URL('../../../../apps/gateway/schema.graphql', import.meta.url), 'utf8'),
  );
});
afterAll(() => gateway?.stop());

/** The names of what a client can ask for, from the committed schema. */
const operations = (): string[] =>
  [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) =>
    Object.keys(type!.getFields()),
  );

async function clientOf(roles: Role[], tenantId?: string): Promise<TestClient> {
  const principal = await createPrincipal(database.database, { roles, tenantId });
  return new TestClient(gateway.url, await createKey(database.database, principal));
}

/** The ids of what one tenant has. */
interface Belongings {
  base: string;
  document: string;
  conversation: string;
  message: string;
  apiKey: string;
  job: string;
  provider: string;
  model: string;
  route: string;
  limit: string;
}

/** Gives a tenant one of everything. */
async function furnish(client: TestClient, tenantId: string): Promise<Belongings> {
  const made = await client.send(
    'mutation { createKnowledgeBase(input: { name: "Handbook" }) { ... on KnowledgeBase { id } } }',
  );
  const base: string = made.data.createKnowledgeBase.id;
  const uploaded = await client.upload({ knowledgeBaseId: base }, `# Leave\n\n${TEXT}\n`, 'leave.md');
  const document: string = uploaded.data.uploadDocument.id;
  await ready(client, document);
  const asked = await client.send(
    'mutation ($input: AskInput!) { ask(input: $input) { ... on Answer { conversationId } } }',
    { input: { question: 'How many days of annual leave?', knowledgeBaseIds: [base] } },
  );
  const conversation: string = asked.data.ask.conversationId;
  const read = await client.send('{ conversations { nodes { messages { nodes { id } } } } apiKeys { id } }');
  const job = randomUUID();
  await gateway.kernel.database.tenantOf(tenantId, (manager) =>
    manager.query(
      `insert into job (id, tenant_id, service, name, payload, context, status, attempts, finished_at)
       values ($1, $2, 'ingest', 'ingest.parse', '{}', '{}', 'DEAD', 5, now())`,
      [job, tenantId],
    ),
  );
  const models = await furnishModels(client);
  return {
    ...models,
    base,
    document,
    conversation,
    message: read.data.conversations.nodes[0].messages.nodes[1].id,
    apiKey: read.data.apiKeys[0].id,
    job,
  };
}

/** Gives a tenant a provider, a model, a route and a limit. */
async function furnishModels(
  client: TestClient,
): Promise<Pick<Belongings, 'provider' | 'model' | 'route' | 'limit'>> {
  const make = async (operation: string, variables: object): Promise<string> =>
    (await client.send(operation, variables)).data.made.id as string;
  const provider = await make(
    'mutation ($input: CreateModelProviderInput!) { made: createModelProvider(input: $input) { ... on ModelProvider { id } } }',
    {
      input: { name: 'theirs', kind: 'openai', baseUrl: 'http://127.0.0.1:1/v1', apiKey: 'sk-theirs-123456' },
    },
  );
  const model = await make(
    'mutation ($input: CreateModelInput!) { made: createModel(input: $input) { ... on Model { id } } }',
    { input: { providerId: provider, name: 'theirs', upstreamName: 'theirs' } },
  );
  const route = await make(
    'mutation ($plan: JSON!) { made: createModelRoute(name: "theirs-route", plan: $plan) { ... on ModelRoute { id } } }',
    { plan: { targets: [{ modelId: model }] } },
  );
  const limit = await make(
    'mutation ($input: SetModelLimitInput!) { made: setModelLimit(input: $input) { ... on ModelLimit { id } } }',
    { input: { scope: 'tenant', requestsPerMinute: 100000 } },
  );
  return { provider, model, route, limit };
}

async function ready(client: TestClient, id: string): Promise<void> {
  for (;;) {
    const { data } = await client.send('query ($id: ID!) { document(id: $id) { status } }', { id });
    if (data.document.status === 'READY') return;
    if (data.document.status === 'FAILED') throw new Error('The document failed.');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const send =
  (query: string, variables?: (of: Belongings) => object) => (client: TestClient, of: Belongings) =>
    client.send(query, variables?.(of));

const subscribe =
  (query: string, variables: (of: Belongings) => object) =>
  async (client: TestClient, of: Belongings): Promise<Reply> => {
    for await (const event of client.stream(query, variables(of))) return event as Reply;
    throw new Error('The stream ended without an event.');
  };

const byRoute = ({ route }: Belongings) => ({ id: route });

const ONE_DOCUMENT = 'id title status';

/** How each operation is asked for the belongings of a tenant. */
const CALLS: Record<string, (client: TestClient, of: Belongings) => Promise<Reply>> = {
  viewer: send('{ viewer { tenantId } }'),
  knowledgeBases: send(
    `{ knowledgeBases { totalCount nodes { id documents { totalCount nodes { ${ONE_DOCUMENT} } } } } }`,
  ),
  knowledgeBase: send('query ($id: ID!) { knowledgeBase(id: $id) { id name } }', ({ base }) => ({
    id: base,
  })),
  document: send(`query ($id: ID!) { document(id: $id) { ${ONE_DOCUMENT} } }`, ({ document }) => ({
    id: document,
  })),
  search: send(
    `query ($input: SearchInput!) { search(input: $input) { __typename ... on SearchResult { hits { text } } ${PROBLEM} } }`,
    ({ base }) => ({ input: { query: 'annual leave', knowledgeBaseIds: [base] } }),
  ),
  conversations: send('{ conversations { totalCount nodes { id title } } }'),
  conversation: send('query ($id: ID!) { conversation(id: $id) { id title } }', ({ conversation }) => ({
    id: conversation,
  })),
  apiKeys: send('{ apiKeys { id } }'),
  status: send('{ status { failedJobCount documents { status count } } }'),
  failedJobs: send('{ failedJobs { totalCount nodes { id } } }'),
  createKnowledgeBase: send(
    `mutation ($name: String!) { createKnowledgeBase(input: { name: $name }) { __typename ${PROBLEM} } }`,
    () => ({ name: `Handbook ${randomUUID()}` }),
  ),
  deleteKnowledgeBase: send(
    `mutation ($id: ID!) { deleteKnowledgeBase(id: $id) { __typename ${PROBLEM} } }`,
    ({ base }) => ({ id: base }),
  ),
  reembedKnowledgeBase: send(
    `mutation ($id: ID!) { reembedKnowledgeBase(id: $id, embeddingModel: "multilingual-e5-small-zh-en") { __typename ${PROBLEM} } }`,
    ({ base }) => ({ id: base }),
  ),
  tuneKnowledgeBase: send(
    `mutation ($id: ID!) { tuneKnowledgeBase(id: $id, apply: true) { __typename ${PROBLEM} } }`,
    ({ base }) => ({ id: base }),
  ),
  resetRanking: send(
    `mutation ($id: ID!) { resetRanking(id: $id) { __typename ${PROBLEM} } }`,
    ({ base }) => ({ id: base }),
  ),
  uploadDocument: (client, { base }) => client.upload({ knowledgeBaseId: base }, randomUUID(), 'new.txt'),
  retryDocument: send(
    `mutation ($id: ID!) { retryDocument(id: $id) { __typename ${PROBLEM} } }`,
    ({ document }) => ({
      id: document,
    }),
  ),
  deleteDocument: send(
    `mutation ($id: ID!) { deleteDocument(id: $id) { __typename ${PROBLEM} } }`,
    ({ document }) => ({ id: document }),
  ),
  ask: send(
    `mutation ($input: AskInput!) { ask(input: $input) { __typename ... on Answer { text } ${PROBLEM} } }`,
    ({ base, conversation }) => ({
      input: { question: 'How many days?', knowledgeBaseIds: [base], conversationId: conversation },
    }),
  ),
  rateMessage: send(
    'mutation ($id: ID!) { rateMessage(messageId: $id, rating: DOWN) { id } }',
    ({ message }) => ({
      id: message,
    }),
  ),
  answerSettings: send('{ answerSettings { threshold isDefault } }'),
  setAnswerSettings: send(`mutation { setAnswerSettings(threshold: 0.9) { __typename ${PROBLEM} } }`),
  createApiKey: send(
    `mutation { createApiKey(input: { name: "k", roles: ["application"] }) { __typename ... on CreatedApiKey { key apiKey { id hint } } ${PROBLEM} } }`,
  ),
  revokeApiKey: send(
    `mutation ($id: ID!) { revokeApiKey(id: $id) { __typename ${PROBLEM} } }`,
    ({ apiKey }) => ({
      id: apiKey,
    }),
  ),
  retryJob: send(`mutation ($id: ID!) { retryJob(id: $id) { __typename ${PROBLEM} } }`, ({ job }) => ({
    id: job,
  })),
  models: send('{ models { id name } }'),
  modelRoutes: send('{ modelRoutes { id name } }'),
  modelRouteVersions: send('query ($id: ID!) { modelRouteVersions(routeId: $id) { number } }', byRoute),
  modelProviders: send('{ modelProviders { id name } }'),
  modelLimits: send('{ modelLimits { id subject } }'),
  usage: send('{ usage(from: "2020-01-01T00:00:00Z", to: "2100-01-01T00:00:00Z", groupBy: USER) { key } }'),
  createModelProvider: send(
    `mutation ($name: String!) { createModelProvider(input: { name: $name, kind: "openai", baseUrl: "http://127.0.0.1:1/v1" }) { __typename ${PROBLEM} } }`,
    () => ({ name: `p-${randomUUID()}` }),
  ),
  updateModelProvider: send(
    `mutation ($id: ID!) { updateModelProvider(input: { id: $id, apiKey: "stolen" }) { __typename ${PROBLEM} } }`,
    ({ provider }) => ({ id: provider }),
  ),
  deleteModelProvider: send(
    `mutation ($id: ID!) { deleteModelProvider(id: $id) { __typename ${PROBLEM} } }`,
    ({ provider }) => ({ id: provider }),
  ),
  createModel: send(
    `mutation ($id: ID!) { createModel(input: { providerId: $id, name: "new", upstreamName: "new" }) { __typename ${PROBLEM} } }`,
    ({ provider }) => ({ id: provider }),
  ),
  deleteModel: send(
    `mutation ($id: ID!) { deleteModel(id: $id) { __typename ${PROBLEM} } }`,
    ({ model }) => ({
      id: model,
    }),
  ),
  createModelRoute: send(
    `mutation ($plan: JSON!) { createModelRoute(name: "new", plan: $plan) { __typename ${PROBLEM} } }`,
    ({ model }) => ({ plan: { targets: [{ modelId: model }] } }),
  ),
  addModelRouteVersion: send(
    `mutation ($id: ID!, $plan: JSON!) { addModelRouteVersion(routeId: $id, plan: $plan) { __typename ${PROBLEM} } }`,
    ({ route, model }) => ({ id: route, plan: { targets: [{ modelId: model }] } }),
  ),
  promoteModelRoute: send(
    `mutation ($id: ID!) { promoteModelRoute(routeId: $id, version: 1) { __typename ${PROBLEM} } }`,
    byRoute,
  ),
  rollBackModelRoute: send(
    `mutation ($id: ID!) { rollBackModelRoute(routeId: $id) { __typename ${PROBLEM} } }`,
    byRoute,
  ),
  pinModelRoute: send(
    `mutation ($id: ID!, $user: ID!) { pinModelRoute(routeId: $id, userId: $user, version: 1) { __typename ${PROBLEM} } }`,
    ({ route }) => ({ id: route, user: randomUUID() }),
  ),
  deleteModelRoute: send(
    `mutation ($id: ID!) { deleteModelRoute(id: $id) { __typename ${PROBLEM} } }`,
    byRoute,
  ),
  setModelLimit: send(
    `mutation { setModelLimit(input: { scope: "tenant", requestsPerMinute: 1000 }) { __typename ${PROBLEM} } }`,
  ),
  deleteModelLimit: send(
    `mutation ($id: ID!) { deleteModelLimit(id: $id) { __typename ${PROBLEM} } }`,
    ({ limit }) => ({ id: limit }),
  ),
  askStream: subscribe(
    `subscription ($input: AskInput!) { askStream(input: $input) { __typename ... on AnswerSources { hits { text } } ${PROBLEM} } }`,
    ({ base }) => ({ input: { question: 'How many days?', knowledgeBaseIds: [base] } }),
  ),
  documentEvents: subscribe(
    `subscription ($id: ID!) { documentEvents(knowledgeBaseId: $id) { ${ONE_DOCUMENT} } }`,
    ({ base }) => ({ id: base }),
  ),
};

const problemOf = ({ data, errors }: Reply, operation: string): string | undefined =>
  (data?.[operation] as Data | null | undefined)?.code ?? errors?.[0]?.extensions?.code;

describe('of another tenant', () => {
  let owner: TestClient;
  let stranger: TestClient;
  let tenants: { owner: string; stranger: string };
  let theirs: Belongings;

  beforeAll(async () => {
    tenants = {
      owner: await createTenant(database.database),
      stranger: await createTenant(database.database),
    };
    owner = await clientOf(['administrator'], tenants.owner);
    stranger = await clientOf(['administrator'], tenants.stranger);
    theirs = await furnish(owner, tenants.owner);
  });

  /** Rows of a tenant in every table that has rows of tenants, as the superuser sees them. */
  async function rowsOf(tenantId: string): Promise<Record<string, number>> {
    const tables = await database.dataSource.query<{ table_name: string }[]>(
      `select table_name from information_schema.columns join pg_class on relname = table_name
       where column_name = 'tenant_id' and table_schema = 'public' and not relispartition
         and table_name not in ('audit_event', 'audit_head', 'model_limit_state')`,
    );
    const counts: Record<string, number> = {};
    for (const { table_name: name } of tables) {
      const [row] = await database.dataSource.query<{ count: number }[]>(
        `select count(*)::int as count from ${name} where tenant_id = $1`,
        [tenantId],
      );
      counts[name] = row!.count;
    }
    return counts;
  }

  it('each operation is asked', () => {
    expect(Object.keys(CALLS).sort()).toEqual(operations().sort());
  });

  it('no operation shows or touches a row', async () => {
    const before = await rowsOf(tenants.owner);
    expect(before.chunk_vector).toBeGreaterThan(0);
    const ids = [...Object.values(theirs), tenants.owner];
    const seen: Record<string, string | undefined> = {};
    for (const [name, call] of Object.entries(CALLS)) {
      const reply = await call(stranger, theirs);
      // A message may name the id that was asked for; nothing else of theirs may be anywhere.
      const text = JSON.stringify(reply.data ?? null).replace(/"message":"(?:[^"\\]|\\.)*"/g, '');
      expect([name, ids.filter((id) => text.includes(id)), text.includes('25 days')]).toEqual([
        name,
        [],
        false,
      ]);
      seen[name] = problemOf(reply, name);
    }
    expect(seen).toEqual({
      viewer: undefined,
      knowledgeBases: undefined,
      knowledgeBase: undefined,
      document: undefined,
      search: 'KNOWLEDGE_BASE_NOT_FOUND',
      conversations: undefined,
      conversation: undefined,
      apiKeys: undefined,
      status: undefined,
      failedJobs: undefined,
      createKnowledgeBase: undefined,
      deleteKnowledgeBase: 'KNOWLEDGE_BASE_NOT_FOUND',
      reembedKnowledgeBase: 'KNOWLEDGE_BASE_NOT_FOUND',
      tuneKnowledgeBase: 'KNOWLEDGE_BASE_NOT_FOUND',
      answerSettings: undefined,
      setAnswerSettings: undefined,
      resetRanking: 'KNOWLEDGE_BASE_NOT_FOUND',
      uploadDocument: 'KNOWLEDGE_BASE_NOT_FOUND',
      retryDocument: 'DOCUMENT_NOT_FOUND',
      deleteDocument: 'DOCUMENT_NOT_FOUND',
      ask: 'CONVERSATION_NOT_FOUND',
      rateMessage: undefined,
      createApiKey: undefined,
      revokeApiKey: 'API_KEY_NOT_FOUND',
      retryJob: 'JOB_NOT_FOUND',
      models: undefined,
      modelRoutes: undefined,
      modelRouteVersions: undefined,
      modelProviders: undefined,
      modelLimits: undefined,
      usage: undefined,
      createModelProvider: undefined,
      updateModelProvider: 'PROVIDER_NOT_FOUND',
      deleteModelProvider: 'PROVIDER_NOT_FOUND',
      createModel: 'PROVIDER_NOT_FOUND',
      deleteModel: 'MODEL_NOT_FOUND',
      createModelRoute: 'MODEL_NOT_FOUND',
      addModelRouteVersion: 'MODEL_NOT_FOUND',
      promoteModelRoute: 'ROUTE_NOT_FOUND',
      rollBackModelRoute: 'ROUTE_NOT_FOUND',
      pinModelRoute: 'ROUTE_NOT_FOUND',
      deleteModelRoute: 'ROUTE_NOT_FOUND',
      setModelLimit: undefined,
      deleteModelLimit: 'LIMIT_NOT_FOUND',
      askStream: 'KNOWLEDGE_BASE_NOT_FOUND',
      documentEvents: 'KNOWLEDGE_BASE_NOT_FOUND',
    });
    expect(await rowsOf(tenants.owner)).toEqual(before);
    const files: string[] = [];
    for await (const key of gateway.kernel.storage.list(`${tenants.stranger}/`)) files.push(key);
    expect(files).toEqual([]);
  });

  it('lists and counts hold nothing', async () => {
    const { data } = await stranger.send(
      '{ conversations { totalCount } failedJobs { totalCount } status { failedJobCount documents { count } } }',
    );
    expect(data.conversations.totalCount).toBe(0);
    expect(data.failedJobs.totalCount).toBe(0);
    expect(data.status.failedJobCount).toBe(0);
    expect(data.status.documents.every(({ count }: Data) => count === 0)).toBe(true);
  });

  it('its owner sees each of them', async () => {
    const found = await owner.send(
      `query ($base: ID!, $document: ID!, $conversation: ID!) { knowledgeBase(id: $base) { id }
         document(id: $document) { id } conversation(id: $conversation) { id } failedJobs { nodes { id code } } }`,
      theirs,
    );
    expect(found.data).toEqual({
      knowledgeBase: { id: theirs.base },
      document: { id: theirs.document },
      conversation: { id: theirs.conversation },
      failedJobs: { nodes: [{ id: theirs.job, code: 'INTERNAL' }] },
    });
  });

  it('of another user of the tenant: conversations are not seen', async () => {
    const colleague = await clientOf(['administrator'], tenants.owner);
    const { data } = await colleague.send(
      'query ($id: ID!) { conversations { totalCount } conversation(id: $id) { id } }',
      { id: theirs.conversation },
    );
    expect(data).toEqual({ conversations: { totalCount: 0 }, conversation: null });
    expect((await CALLS.rateMessage!(colleague, theirs)).data.rateMessage).toBeNull();
    expect(problemOf(await CALLS.ask!(colleague, theirs), 'ask')).toBe('CONVERSATION_NOT_FOUND');
  });
});

describe('a document with readers', () => {
  it('is there for them, and for nobody else', async () => {
    const tenantId = await createTenant(database.database);
    const admin = await clientOf(['knowledge-admin'], tenantId);
    const reader = await createPrincipal(database.database, { tenantId, roles: ['application'] });
    const readerClient = new TestClient(gateway.url, await createKey(database.database, reader));
    const other = await clientOf(['application'], tenantId);
    const { data } = await admin.send(
      'mutation { createKnowledgeBase(input: { name: "Private" }) { ... on KnowledgeBase { id } } }',
    );
    const base = data.createKnowledgeBase.id as string;
    const uploaded = await admin.upload(
      { knowledgeBaseId: base, readers: [reader.userId] },
      `# Leave\n\n${TEXT}\n`,
      'private.md',
    );
    const document = uploaded.data.uploadDocument.id as string;
    await ready(readerClient, document);
    const of = { base, document } as Belongings;
    const texts = async (client: TestClient) =>
      (await CALLS.search!(client, of)).data.search.hits.map((hit: Data) => hit.text as string);

    expect((await CALLS.document!(readerClient, of)).data.document.id).toBe(document);
    expect((await texts(readerClient)).join()).toContain('25 days');
    expect((await CALLS.document!(other, of)).data.document).toBeNull();
    expect(await texts(other)).toEqual([]);
    expect((await CALLS.knowledgeBases!(other, of)).data.knowledgeBases.nodes[0].documents).toEqual({
      totalCount: 0,
      nodes: [],
    });
  });
});

describe('each role', () => {
  const admins: Role[] = ['administrator', 'knowledge-admin'];
  const readers: Role[] = [...admins, 'tool-developer', 'application'];
  const MAY: Record<string, readonly Role[]> = {
    viewer: ROLES,
    knowledgeBases: readers,
    knowledgeBase: readers,
    document: readers,
    search: readers,
    conversations: readers,
    conversation: readers,
    apiKeys: ['administrator'],
    status: readers,
    failedJobs: admins,
    createKnowledgeBase: admins,
    deleteKnowledgeBase: admins,
    reembedKnowledgeBase: admins,
    tuneKnowledgeBase: admins,
    resetRanking: admins,
    answerSettings: readers,
    setAnswerSettings: admins,
    uploadDocument: admins,
    retryDocument: admins,
    deleteDocument: admins,
    ask: readers,
    rateMessage: readers,
    createApiKey: ['administrator'],
    revokeApiKey: ['administrator'],
    retryJob: admins,
    models: ROLES,
    modelRoutes: ROLES,
    modelRouteVersions: ROLES,
    modelProviders: ['administrator'],
    modelLimits: ['administrator', 'auditor'],
    usage: ['administrator', 'auditor'],
    createModelProvider: ['administrator'],
    updateModelProvider: ['administrator'],
    deleteModelProvider: ['administrator'],
    createModel: ['administrator'],
    deleteModel: ['administrator'],
    createModelRoute: ['administrator'],
    addModelRouteVersion: ['administrator'],
    promoteModelRoute: ['administrator'],
    rollBackModelRoute: ['administrator'],
    pinModelRoute: ['administrator'],
    deleteModelRoute: ['administrator'],
    setModelLimit: ['administrator'],
    deleteModelLimit: ['administrator'],
    askStream: readers,
    documentEvents: readers,
  };
  const nothing = randomUUID();
  const nobodys: Belongings = {
    base: nothing,
    document: nothing,
    conversation: nothing,
    message: nothing,
    apiKey: nothing,
    job: nothing,
    provider: nothing,
    model: nothing,
    route: nothing,
    limit: nothing,
  };

  it.each(ROLES)('%s may do what it is for, and is told what it may not', async (role) => {
    const client = await clientOf([role]);
    const refused: string[] = [];
    for (const [name, call] of Object.entries(CALLS)) {
      if (problemOf(await call(client, nobodys), name) === 'FORBIDDEN') refused.push(name);
    }
    expect(refused).toEqual(Object.keys(CALLS).filter((name) => !MAY[name]!.includes(role)));
  });

  it('of a key counts, not those of its user', async () => {
    const principal = await createPrincipal(database.database, { roles: ['administrator'] });
    const key = await createKey(database.database, principal, { roles: ['auditor'] });
    const { data, errors } = await new TestClient(gateway.url, key).send(
      '{ viewer { roles } apiKeys { id } }',
    );
    expect(data).toBeNull();
    expect(errors![0]!.extensions!.code).toBe('FORBIDDEN');
  });
});

describe('a key', () => {
  it('is shown once, works, and is refused once it is revoked, at every door', async () => {
    const admin = await clientOf(['administrator']);
    const { data } = await CALLS.createApiKey!(admin, {} as Belongings);
    const { key, apiKey } = data.createApiKey as Data;
    expect(key.slice(-4)).toBe(apiKey.hint);
    const made = new TestClient(gateway.url, key as string);
    expect((await made.send('{ viewer { roles } }')).data.viewer.roles).toEqual(['application']);
    expect(JSON.stringify((await admin.send('{ apiKeys { id name hint } }')).data)).not.toContain(key);

    const socket = made.webSocket({ lazy: false });
    const viewers = () => socket.iterate<Data>({ query: '{ viewer { roles } }' }).next();
    expect((await viewers()).value!.data!.viewer.roles).toEqual(['application']);

    const revoked = await admin.send(
      'mutation ($id: ID!) { revokeApiKey(id: $id) { ... on ApiKey { revokedAt } } }',
      { id: apiKey.id },
    );
    expect(revoked.data.revokeApiKey.revokedAt).not.toBeNull();
    expect((await made.send('{ viewer { roles } }')).status).toBe(401);
    await expect(made.stream('{ viewer { roles } }', {}).next()).rejects.toThrow('401');
    // The socket that was opened before is of no use any more.
    await expect(viewers()).rejects.toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    await socket.dispose();
  });

  it('is needed at every door, and its absence is said in the language of the request', async () => {
    for (const key of [undefined, 'mp_wrong', `mp_${'x'.repeat(43)}`]) {
      const nobody = new TestClient(gateway.url, key);
      const { status, headers, errors } = await nobody.send(
        '{ __typename }',
        {},
        { 'accept-language': 'zh-CN' },
      );
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toBe('Bearer');
      expect(errors![0]).toMatchObject({ extensions: { code: 'UNAUTHENTICATED' } });
      expect(errors![0]!.message).toContain('密钥');
      expect((await nobody.upload({ knowledgeBaseId: randomUUID() }, 'x', 'x.txt')).status).toBe(401);
      await expect(nobody.stream('{ __typename }', {}).next()).rejects.toThrow('401');
      const socket = nobody.webSocket();
      await expect(socket.iterate({ query: '{ __typename }' }).next()).rejects.toMatchObject({ code: 4403 });
      await socket.dispose();
    }
  });

  it('can be sent in the header of a WebSocket too', async () => {
    const client = await clientOf(['application']);
    expect(await webSocketWithHeader(client, '{ viewer { roles } }')).toEqual({
      data: { viewer: { roles: ['application'] } },
    });
  });
});
