import { readFile, writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bookPages, makePdf } from '@midplane/testing';
import { createClient as createSse } from 'graphql-sse';
import { createClient as createWs } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api, midplane } from './client.js';
import { REAL_DOCUMENTS, SAMPLES } from './documents.js';
import { distributed, embedded, type Platform } from './forms.js';

const ASK = `mutation ($input: AskInput!) { ask(input: $input) { __typename
  ... on Answer { id conversationId text abstained label model
    citations { index documentTitle page quote supported boxes chunkId documentId } }
  ... on Problem { code message } } }`;
const ASK_STREAM = `subscription ($input: AskInput!) { askStream(input: $input) { __typename
  ... on AnswerSources { hits { chunkId } } ... on AnswerToken { token: text }
  ... on AnswerDone { answer { text citations { index } } } ... on Problem { code message } } }`;
const SEARCH = `query ($input: SearchInput!) { search(input: $input) { __typename
  ... on SearchResult { hits { score page text document { id title }
    trace { lexicalPart vectorPart fusedScore rerankScore } } }
  ... on Problem { code message } } }`;

interface Answer {
  __typename: string;
  conversationId: string;
  text: string;
  abstained: boolean;
  label: string;
  citations: {
    index: number;
    documentTitle: string;
    documentId: string;
    page: number | null;
    quote: string;
    supported: boolean;
    boxes: number[][];
  }[];
}
interface Hit {
  score: number;
  page: number | null;
  text: string;
  document: { id: string; title: string };
  trace: { lexicalPart: number; vectorPart: number; fusedScore: number; rerankScore: number | null };
}
interface StreamEvent {
  askStream: { __typename: string; token?: string; answer?: { text: string } };
}

describe.each([
  ['in one process on the embedded Postgres', embedded],
  ['as separate processes on Postgres 18 and Redis', distributed],
])('Midplane %s', (_, start) => {
  let platform: Platform;
  let api: Api;
  let base: string;

  const baseId = async (name: string) => {
    const { knowledgeBases } = await api.run<{ knowledgeBases: { nodes: { id: string; name: string }[] } }>(
      '{ knowledgeBases(first: 100) { nodes { id name } } }',
    );
    return knowledgeBases.nodes.find((each) => each.name === name)!.id;
  };
  const ask = async (question: string, more: object = {}) => {
    const { ask: answer } = await api.run<{ ask: Answer }>(ASK, {
      input: { question, knowledgeBaseIds: [base], ...more },
    });
    expect(answer).toMatchObject({ __typename: 'Answer' });
    return answer;
  };
  const search = async (query: string, knowledgeBaseId = base) => {
    const { search: result } = await api.run<{ search: { hits: Hit[] } }>(SEARCH, {
      input: { query, knowledgeBaseIds: [knowledgeBaseId] },
    });
    return result.hits;
  };

  beforeAll(async () => {
    platform = await start();
    api = new Api(platform, platform.adminKey);
  });
  afterAll(() => platform?.close());

  it('takes a folder from the command line and says what became of each file', async () => {
    const { stdout, stderr, code } = await midplane(
      platform,
      'upload',
      SAMPLES,
      '--kb',
      'handbook',
      '--json',
    );
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual(
      readdirSync(SAMPLES)
        .sort()
        .map((name) => expect.objectContaining({ path: join(SAMPLES, name), outcome: 'ready' })),
    );
    expect(code).toBe(0);
    base = await baseId('handbook');
    const again = await midplane(platform, 'upload', SAMPLES, '--kb', 'handbook');
    expect(again.stdout).toContain('0 ready, 3 there already, 0 failed');
    expect(again.code).toBe(0);
  });

  it('answers with page and passage', async () => {
    const answer = await ask('How many days do I have to hand in my travel claim?');
    expect(answer.abstained).toBe(false);
    expect(answer.text).toContain('14 days');
    expect(answer.text).toMatch(/\[1\]/);
    expect(answer.label).toBe('AI-generated');
    const citation = answer.citations[0]!;
    expect(citation).toMatchObject({
      index: 1,
      documentTitle: 'travel-and-expenses.pdf',
      page: 3,
      supported: true,
    });
    expect(citation.quote).toContain('within 14 days');
    expect(citation.boxes.length).toBeGreaterThan(0);
  });

  it('answers in the language of the question, and finds the passage in the other', async () => {
    const chinese = await ask('兼职员工的年假怎么计算？');
    expect(chinese.text).toContain('按工作时间比例折算');
    expect(chinese.label).toBe('AI 生成');
    const hits = await search('笔记本电脑丢了要在多久之内报告？');
    const found = hits.slice(0, 5).find(({ document }) => document.title === 'information-security.md');
    expect(found?.text).toContain('within one hour');
  });

  it('says that the documents do not hold it, and makes nothing up', async () => {
    const answer = await ask('Which planet has the most moons?');
    expect(answer.abstained).toBe(true);
    expect(answer.citations).toEqual([]);
  });

  it('understands a follow-up from the conversation', async () => {
    const first = await ask('What is the daily allowance for Germany?');
    expect(first.text).toContain('28');
    const second = await ask('And for the United States?', { conversationId: first.conversationId });
    expect(second.text).toContain('59');
    expect(second.conversationId).toBe(first.conversationId);
  });

  it('gives a trace that adds up to the score', async () => {
    const hits = await search('encrypted hard disks');
    expect(hits.length).toBeGreaterThan(0);
    for (const { score, trace } of hits) {
      expect(trace.lexicalPart + trace.vectorPart).toBeCloseTo(trace.fusedScore, 10);
      expect(score).toBe(trace.rerankScore);
    }
    expect(hits.map(({ score }) => score)).toEqual([...hits.map(({ score }) => score)].sort((a, b) => b - a));
  });

  it('streams an answer over server-sent events and over WebSocket: sources, tokens, the end', async () => {
    const variables = {
      input: { question: 'How long may a lost device go unreported?', knowledgeBaseIds: [base] },
    };
    const sse = createSse({ url: `${platform.url}/graphql/stream`, headers: api.headers });
    const ws = createWs({
      url: `${platform.url.replace('http', 'ws')}/graphql`,
      connectionParams: { Authorization: api.headers.authorization },
    });
    for (const client of [sse, ws]) {
      const events: StreamEvent['askStream'][] = [];
      for await (const { data } of client.iterate<StreamEvent>({ query: ASK_STREAM, variables })) {
        events.push(data!.askStream);
      }
      await client.dispose();
      const types = events.map((event) => event.__typename);
      expect(types[0]).toBe('AnswerSources');
      expect(types.at(-1)).toBe('AnswerDone');
      expect(new Set(types.slice(1, -1))).toEqual(new Set(['AnswerToken']));
      const streamed = events.map((event) => event.token ?? '').join('');
      expect(streamed).toBe(events.at(-1)!.answer!.text);
      expect(streamed).toContain('within one hour');
    }
  });

  it.runIf(REAL_DOCUMENTS)('reads real documents, and says of each bad one what to do', async () => {
    const { stdout, code } = await midplane(platform, 'upload', REAL_DOCUMENTS!, '--kb', 'real', '--json');
    const outcomes = JSON.parse(stdout) as {
      path: string;
      outcome: string;
      code?: string;
      pages?: number;
      message?: string;
    }[];
    const failed = outcomes.filter(({ outcome }) => outcome === 'failed');
    expect(code).toBe(1);
    expect(
      Object.fromEntries(failed.map(({ path, code: reason }) => [path.split('/').at(-1), reason])),
    ).toEqual({
      'MEDRPT-2024-PAT-3847_medical_report_scan.md': 'FILE_EMPTY',
      'libreoffice-writer-password.pdf': 'FILE_PASSWORD',
      'random.bin': 'FILE_TYPE_UNKNOWN',
      'test.wav': 'FILE_TYPE_UNSUPPORTED',
      // Part of it is zeroes, the tree of its pages among them.
      'unreadablemetadata.pdf': 'FILE_DAMAGED',
    });
    for (const { message } of failed) expect(message!.length).toBeGreaterThan(20);
    const pages = JSON.parse(await readFile(join(REAL_DOCUMENTS!, 'pdf/files.json'), 'utf8')) as {
      data: { path: string; pages: number }[];
    };
    for (const { path, outcome, pages: read } of outcomes) {
      const truth = pages.data.find((each) => path.endsWith(`/${each.path.split('/').at(-1)}`));
      if (truth && outcome === 'ready') expect([path, read]).toEqual([path, truth.pages]);
    }
    const real = await baseId('real');
    const [hit] = await search('GeoTopo Topologie Hausdorff-Raum Definition', real);
    expect(hit!.document.title).toMatch(/GeoTopo|Geometrie und Topologie/i);
    expect(hit!.page).toBeGreaterThan(1);
    const scans = await search('patient medical report', real);
    expect(scans.some(({ document }) => /MEDRPT|medical/i.test(document.title))).toBe(true);
  });

  it('takes up the work of a process that was killed, without a person', async () => {
    const path = join(platform.home, 'long.pdf');
    await writeFile(path, makePdf({ pages: bookPages({ pages: 60 }) }));
    const { __typename, id } = await api.upload({ knowledgeBaseId: base }, path);
    expect(__typename).toBe('Document');
    const document = async () =>
      (
        await api.run<{ document: { status: string; chunkCount: number; pageCount: number } }>(
          'query ($id: ID!) { document(id: $id) { status chunkCount pageCount } }',
          { id },
        )
      ).document;
    while ((await document()).status !== 'EMBEDDING') await sleep(50);
    await platform.crashIngest();
    while ((await document()).status !== 'READY') {
      expect((await document()).status).not.toBe('FAILED');
      await sleep(250);
    }
    expect(await document()).toMatchObject({ pageCount: 60 });
  });

  it('erases a document with a proof', async () => {
    const [before] = await search('daily allowance hotel limit');
    const { stdout, code } = await midplane(platform, 'delete', before!.document.id);
    expect(code).toBe(0);
    expect(stdout).toContain('the probe found nothing left');
    const after = await search('daily allowance hotel limit');
    expect(after.map(({ document }) => document.id)).not.toContain(before!.document.id);
    const { conversations } = await api.run<{
      conversations: { nodes: { messages: { nodes: { text: string }[] } }[] };
    }>('{ conversations { nodes { messages { nodes { text } } } } }');
    const texts = conversations.nodes.flatMap(({ messages }) => messages.nodes.map(({ text }) => text));
    expect(texts.length).toBeGreaterThan(0);
    expect(texts.join('\n')).not.toContain('28 euros');
  });

  it('lets in nobody without a key, and nobody whose key was revoked', async () => {
    const created = await midplane(platform, 'keys', 'create', 'an application', '--json');
    const { key, apiKey } = JSON.parse(created.stdout) as { key: string; apiKey: { id: string } };
    const application = new Api(platform, key);
    await expect(application.run('{ viewer { roles } }')).resolves.toEqual({
      viewer: { roles: ['application'] },
    });
    const refused = await application.upload(
      { knowledgeBaseId: base },
      join(SAMPLES, 'information-security.md'),
    );
    expect(refused).toMatchObject({ __typename: 'Forbidden' });
    await midplane(platform, 'keys', 'revoke', apiKey.id);
    await sleep(2_500);
    await expect(application.run('{ viewer { roles } }')).rejects.toThrow();
    await expect(new Api(platform, 'mp_nobody').run('{ viewer { roles } }')).rejects.toThrow();
  });

  it('makes a tenant for its operator, which sees nothing of the others', async () => {
    const made = await midplane(platform, 'tenants', 'create', 'Another company', '--json');
    const { tenant, key } = JSON.parse(made.stdout) as { tenant: { id: string }; key: string };
    const listed = await midplane(platform, 'tenants', 'list', '--json');
    expect(JSON.parse(listed.stdout)).toMatchObject([{ name: 'default' }, tenant]);
    const other = new Api(platform, key);
    await expect(other.run('{ viewer { tenantId roles } knowledgeBases { totalCount } }')).resolves.toEqual({
      viewer: { tenantId: tenant.id, roles: ['administrator'] },
      knowledgeBases: { totalCount: 0 },
    });
    const stranger = { ...platform, masterKey: Buffer.alloc(32).toString('base64') };
    expect((await midplane(stranger, 'tenants', 'create', 'A third one')).code).toBe(1);
  });

  it('keeps everything over a restart', async () => {
    const question = 'How long must a password be?';
    const before = await ask(question);
    await platform.restart();
    const after = await ask(question);
    expect(after.text).toBe(before.text);
    expect(after.text).toContain('14 characters');
    const { status } = await api.run<{ status: { services: { name: string; state: string }[] } }>(
      '{ status { services { name state } } }',
    );
    for (const service of status.services) expect(service).toMatchObject({ state: 'UP' });
  });
});
