import { readConfig } from '@midplane/kernel';
import { ingestConfig, IngestModule, KNOWLEDGE_ENTITIES, RetrievalModule } from '@midplane/knowledge';
import { InferenceModule } from '@midplane/inference';
import { MIGRATIONS } from '@midplane/migrations';
import { modelsConfig, ModelsModule } from '@midplane/models';
import { SESSIONS_ENTITIES, SessionsModule } from '@midplane/sessions';
import { createKey, createPrincipal, type PostgresTestDatabase, testDatabase } from '@midplane/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BootedGateway, bootGateway, type Data, TestClient } from './testing/boot-gateway.js';

const HANDBOOK = `# Employee handbook

## Annual leave

Every employee has 25 days of annual leave. Part-time staff have the same share of their days.

## 差旅报销

出差的机票需要提前七天预订。住宿标准为每晚五百元，超出部分由员工自行承担。
`;

const HIT =
  'chunkId text score page boxes headings highlights document { id title status } trace { fusedScore lexicalPart vectorPart }';
const SEARCH = `query ($input: SearchInput!) { search(input: $input) { __typename
  ... on SearchResult { hits { ${HIT} } tookMs embeddingModel reranker }
  ... on Problem { code message } } }`;
const ANSWER = `id conversationId text abstained label model modelVersion manifestId
  citations { index documentId documentTitle quote supported }
  usage { promptTokens completionTokens costMicros cached }`;
const ASK = `mutation ($input: AskInput!) { ask(input: $input) { __typename ... on Answer { ${ANSWER} } ... on Problem { code message } } }`;
const ASK_STREAM = `subscription ($input: AskInput!) { askStream(input: $input) { __typename
  ... on AnswerSources { hits { ${HIT} } } ... on AnswerToken { text } ... on AnswerDone { answer { ${ANSWER} } }
  ... on Problem { code message } } }`;
const EVENTS = 'subscription ($id: ID!) { documentEvents(knowledgeBaseId: $id) { id status progress } }';

let database: PostgresTestDatabase;
let gateway: BootedGateway;
let client: TestClient;
let base: string;
let document: string;

beforeAll(async () => {
  database = await testDatabase();
  gateway = await bootGateway({
    databaseUrl: database.url,
    migrations: MIGRATIONS,
    entities: [...KNOWLEDGE_ENTITIES, ...SESSIONS_ENTITIES],
    modules: () => [
      InferenceModule.forRoot({}),
      IngestModule.forRoot(readConfig({}, ingestConfig)),
      { module: RetrievalModule },
      ModelsModule.forRoot(readConfig({}, modelsConfig)),
      { module: SessionsModule },
    ],
  });
  const principal = await createPrincipal(database.database);
  client = new TestClient(gateway.url, await createKey(database.database, principal));
});
afterAll(async () => {
  await gateway?.stop();
  await database.close();
});

/** Calls `act` once the stream is open, and gives its events until one fits. */
async function eventsUntil(stream: AsyncIterable<Data>, fits: (event: Data) => boolean): Promise<Data[]> {
  const events: Data[] = [];
  for await (const event of stream) {
    events.push(event);
    if (fits(event)) return events;
  }
  throw new Error(`The stream ended early, after ${JSON.stringify(events)}`);
}

describe('the main job, through the public API', () => {
  it('makes a knowledge base', async () => {
    const { data } = await client.send(
      `mutation { createKnowledgeBase(input: { name: "Handbook" }) { ... on KnowledgeBase { id name description embeddingModel documentCount } } }`,
    );
    expect(data.createKnowledgeBase).toMatchObject({ name: 'Handbook', description: '', documentCount: 0 });
    base = data.createKnowledgeBase.id;
  });

  it('takes a document and tells of each stage as it passes it', async () => {
    const abort = new AbortController();
    const stream = client.stream(EVENTS, { id: base }, abort.signal);
    const events = eventsUntil(stream, ({ data }) =>
      ['READY', 'FAILED'].includes(data.documentEvents.status),
    );
    const { data } = await client.upload({ knowledgeBaseId: base }, HANDBOOK, 'handbook.md');
    expect(data.uploadDocument).toMatchObject({
      __typename: 'Document',
      knowledgeBaseId: base,
      title: 'handbook.md',
      sizeBytes: Buffer.byteLength(HANDBOOK),
      readers: [],
    });
    document = data.uploadDocument.id;
    const seen = (await events).map((event) => event.data.documentEvents.status);
    expect(seen.at(-1)).toBe('READY');
    abort.abort();
  });

  it('lists it', async () => {
    const { data } = await client.send(
      `query ($id: ID!) { knowledgeBase(id: $id) { documentCount chunkCount documents(status: READY) { totalCount nodes { id status progress } } } }`,
      { id: base },
    );
    expect(data.knowledgeBase).toMatchObject({
      documentCount: 1,
      documents: { totalCount: 1, nodes: [{ id: document, status: 'READY', progress: 1 }] },
    });
    expect(data.knowledgeBase.chunkCount).toBeGreaterThan(0);
  });

  it('gives the document it has for the same bytes', async () => {
    const { data } = await client.upload({ knowledgeBaseId: base }, HANDBOOK, 'again.md');
    expect(data.uploadDocument.id).toBe(document);
  });

  it('finds a passage, and gives hits their documents', async () => {
    const input = { query: 'how many days of annual leave', knowledgeBaseIds: [base] };
    const { data, errors } = await client.send(SEARCH, { input });
    expect(errors).toBeUndefined();
    expect(data.search.__typename).toBe('SearchResult');
    const [hit] = data.search.hits;
    expect(hit.text).toContain('25 days');
    expect(hit.document).toEqual({ id: document, title: 'handbook.md', status: 'READY' });
    expect(hit.trace.lexicalPart + hit.trace.vectorPart).toBeCloseTo(hit.trace.fusedScore, 6);
  });

  it('answers with citations, and says that it is AI-generated', async () => {
    const input = { question: '住宿标准是每晚多少？', knowledgeBaseIds: [base] };
    const { data, headers, errors } = await client.send(ASK, { input });
    expect(errors).toBeUndefined();
    expect(data.ask).toMatchObject({ __typename: 'Answer', abstained: false });
    expect(data.ask.text).toContain('五百元');
    expect(data.ask.citations[0]).toMatchObject({ index: 1, documentId: document, supported: true });
    expect(data.ask.label).not.toBe('');
    expect(JSON.parse(headers.get('x-aigc')!)).toMatchObject({
      Label: '1',
      ContentProducer: 'midplane',
      ProduceID: data.ask.id,
    });
  });

  it.each(['WebSocket', 'server-sent events'])('streams an answer by %s', async (door) => {
    const input = { question: 'How many days of annual leave?', knowledgeBaseIds: [base] };
    const socket = client.webSocket();
    const stream =
      door === 'WebSocket'
        ? socket.iterate<Data>({ query: ASK_STREAM, variables: { input } })
        : client.stream(ASK_STREAM, { input });
    const events: Data[] = [];
    for await (const { data, errors } of stream as AsyncIterable<Data>) {
      expect(errors).toBeUndefined();
      events.push(data.askStream);
    }
    await socket.dispose();
    const kinds = events.map((event) => event.__typename);
    expect(kinds[0]).toBe('AnswerSources');
    expect(kinds.at(-1)).toBe('AnswerDone');
    expect(events[0]!.hits[0].document.title).toBe('handbook.md');
    const told = events.filter((event) => event.__typename === 'AnswerToken').map((event) => event.text);
    expect(told.join('')).toBe(events.at(-1)!.answer.text);
  });

  it('keeps the conversation, and takes a rating', async () => {
    const CONVERSATIONS = `{ conversations { totalCount nodes { id title messages { totalCount nodes { id role text rating answer { id label } } } } } }`;
    const { data, headers } = await client.send(CONVERSATIONS);
    expect(data.conversations.totalCount).toBe(3);
    const [{ id, messages }] = data.conversations.nodes;
    expect(messages.nodes.map((message: Data) => message.role)).toEqual(['USER', 'ASSISTANT']);
    expect(headers.get('x-aigc')).toContain(messages.nodes[1].answer.id);
    const rated = await client.send(
      `mutation ($id: ID!) { rateMessage(messageId: $id, rating: UP, comment: "good") { id rating } }`,
      { id: messages.nodes[1].id },
    );
    expect(rated.data.rateMessage).toEqual({ id: messages.nodes[1].id, rating: 'UP' });
    const one = await client.send('query ($id: ID!) { conversation(id: $id) { id title } }', { id });
    expect(one.data.conversation.id).toBe(id);
  });

  it('tells how the platform does', async () => {
    const { data, errors } = await client.send(
      `{ status { version documents { status count } failedJobCount services { name state } embedders { name dimension } } failedJobs { totalCount nodes { id } } }`,
    );
    expect(errors).toBeUndefined();
    expect(data.status.documents).toContainEqual({ status: 'READY', count: 1 });
    expect(data.status.services.map((service: Data) => service.state)).not.toContain('DOWN');
    const names = data.status.services.map((service: Data) => service.name);
    expect(names).toEqual(
      expect.arrayContaining(['inference', 'ingest', 'retrieval', 'sessions', 'postgres']),
    );
    expect(data.status.embedders[0].dimension).toBe(384);
    expect(data.failedJobs).toEqual({ totalCount: 0, nodes: [] });
  });

  it('erases the document and proves it', async () => {
    const DELETE = `mutation ($id: ID!) { deleteDocument(id: $id) { __typename ... on Deletion { id chunks verified auditEventId } ... on Problem { code } } }`;
    const { data } = await client.send(DELETE, { id: document });
    expect(data.deleteDocument).toMatchObject({ __typename: 'Deletion', id: document, verified: true });
    const input = { query: 'annual leave', knowledgeBaseIds: [base] };
    expect((await client.send(SEARCH, { input })).data.search.hits).toEqual([]);
    expect((await client.send(DELETE, { id: document })).data.deleteDocument).toEqual({
      __typename: 'NotFound',
      code: 'DOCUMENT_NOT_FOUND',
    });
  });
});
