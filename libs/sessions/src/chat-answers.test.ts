import {
  type AnswerView,
  type AskInput,
  EXTRACTIVE_MODEL,
  type KnowledgeBaseView,
} from '@midplane/contracts';
import { type Principal, runInContext } from '@midplane/kernel';
import {
  asPrincipal,
  type ChatStep,
  contextOf,
  createKnowledgeBase,
  createPrincipal,
  FakeChatServer,
  ingestDocument,
  type TestModules,
} from '@midplane/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerOf, bootSessions, eventsOf, textOf } from './testing/boot-sessions.js';

let server: FakeChatServer;
let modules: TestModules;
let alice: Principal;
let base: KnowledgeBaseView;
let documentId: string;

const sessions = () => modules.kernel.registry.client('sessions');
const input = (question: string, more: Partial<AskInput> = {}): AskInput => ({
  question,
  knowledgeBaseIds: [base.id],
  ...more,
});

async function answerTo(ask: AskInput): Promise<{ answer: AnswerView; streamed: string }> {
  const events = await eventsOf(modules, alice, ask);
  return { answer: answerOf(events), streamed: textOf(events) };
}

const stored = async () => (await asPrincipal(alice, () => sessions().conversations({}))).totalCount;

beforeAll(async () => {
  server = await FakeChatServer.start();
  modules = await bootSessions({
    LLM_BASE_URL: server.url,
    LLM_MODEL: 'tester',
    LLM_API_KEY: 'sk-test',
    LLM_FIRST_TOKEN_TIMEOUT_MS: '5000',
    LLM_TOKEN_TIMEOUT_MS: '5000',
  });
  alice = await createPrincipal(modules.kernel.database);
  await asPrincipal(alice, async () => {
    base = await createKnowledgeBase(modules.kernel);
    const document = await ingestDocument(modules.kernel, {
      knowledgeBaseId: base.id,
      fileName: 'handbook.md',
      content:
        'Full-time staff get 15 days of annual leave a year. Part-time staff get 8 days of annual leave a year. Interns are not entitled to annual leave.',
    });
    documentId = document.id;
  });
});

afterAll(async () => {
  await modules?.close();
  await server?.close();
});

describe('an answer of a chat model', () => {
  it('is streamed with its citations in one form, checked, and stored with what made it', async () => {
    server.say(
      'Full-time staff get ',
      '15 days【',
      '1】. Part-time staff get 80 days [',
      '1',
      '] [9]. ',
      'That is all.',
    );
    const { answer, streamed } = await answerTo(input('How many days of annual leave are there?'));
    expect(streamed).toBe('Full-time staff get 15 days[1]. Part-time staff get 80 days [1]. That is all.');
    expect(answer).toMatchObject({
      text: streamed,
      abstained: false,
      model: 'tester',
      label: 'AI-generated',
      usage: { promptTokens: 120, completionTokens: 12, costMicros: 0, cached: false },
      citations: [
        {
          index: 1,
          documentId,
          supported: true,
          quote: 'Full-time staff get 15 days of annual leave a year.',
        },
        { index: 1, documentId, supported: false },
      ],
    });
    expect(server.requests[0]!.messages.at(-1)!.content).toContain('<passage number="1" document="handbook');
    const [row] = await modules.kernel.database.dataSource.query<
      { manifest: { answerer: object; passages: object[]; textDocumentIds: string[] } }[]
    >('select manifest from answer_manifest where id = $1', [answer.manifestId]);
    const { manifest } = row!;
    expect(manifest).toMatchObject({
      answerer: { model: 'tester', prompt: { id: 'answer', version: 1 }, temperature: 0 },
      passages: [{ number: 1, documentId }],
      textDocumentIds: [documentId],
    });
    expect(JSON.stringify(manifest)).not.toContain('annual leave a year');
  });

  it('says in the language of the question that the passages do not hold it', async () => {
    server.say('NO_', 'ANSWER');
    const { answer, streamed } = await answerTo(input('月球上有多少名员工？'));
    expect(streamed).toBe('现有文档中没有这个问题的答案。');
    expect(answer).toMatchObject({ text: streamed, abstained: true, citations: [], label: 'AI 生成' });
    expect(server.requests[0]!.messages[0]!.content).toContain('用中文回答');
  });

  it('has its follow-up completed by the model, and by the rules where the model fails', async () => {
    server.say('15 days [1].');
    const first = await answerTo(input('How many days of annual leave do full-time staff get?'));
    const { conversationId } = first.answer;
    server.reply(
      { steps: [{ text: 'How many days of annual leave do part-time staff get?' }, { finish: 'stop' }] },
      { steps: [{ text: '8 days [1].' }, { finish: 'stop' }] },
    );
    await answerTo({ question: 'And for part-time staff?', conversationId });
    expect(server.requests.map((request) => request.max_tokens)).toEqual([200, 1024]);
    expect(server.requests[1]!.messages.at(-1)!.content).toContain(
      'Question: How many days of annual leave do part-time staff get?',
    );
    expect(server.requests[1]!.messages.map(({ role }) => role)).toEqual([
      'system',
      'user',
      'assistant',
      'user',
    ]);

    server.reply({ status: 400 }, { steps: [{ text: 'None [1].' }, { finish: 'stop' }] });
    await answerTo({ question: 'And for interns?', conversationId });
    expect(server.requests[1]!.messages.at(-1)!.content).toContain('for interns');
  });

  it('can be passed over for the built-in answerer', async () => {
    server.say('unused');
    const { answer } = await answerTo(
      input('How many days of annual leave do part-time staff get?', { model: EXTRACTIVE_MODEL }),
    );
    expect(answer.model).toBe(EXTRACTIVE_MODEL);
    expect(server.requests).toHaveLength(0);
  });

  it.each<[string, ChatStep[]]>([
    ['hangs in the middle', [{ text: 'Full-time staff get' }, { hang: true }]],
    ['is cut off in the middle', [{ text: 'Full-time staff get' }, { close: true }]],
    ['hangs before the first token', [{ hang: true }]],
    ['breaks the protocol', [{ text: 'Full-time' }, { raw: 'data: {oops\n\n' }, { finish: 'stop' }]],
    ['says nothing', [{ finish: 'stop' }]],
  ])('is a typed problem, and nothing is stored, where the model %s', async (_, steps) => {
    const before = await stored();
    server.reply({ steps });
    await expect(
      eventsOf(modules, alice, input('How many days of annual leave are there?')),
    ).rejects.toMatchObject({
      problem: { code: 'MODEL_UNAVAILABLE', params: { model: 'tester' } },
    });
    expect(await stored()).toBe(before);
  });

  it('gives its reason in the language of the request', async () => {
    server.reply({ status: 401 });
    const asked = runInContext(contextOf(alice, { locale: 'zh' }), async () =>
      Array.fromAsync(await sessions().ask(input('有多少天年假？'))),
    );
    await expect(asked).rejects.toMatchObject({
      problem: { code: 'MODEL_UNAVAILABLE', params: { reason: '密钥被拒绝' } },
    });
  });

  it('is cancelled upstream when its reader goes away, and nothing is stored', async () => {
    const before = await stored();
    server.reply({ steps: [{ text: 'Full-time staff ' }, { text: 'get ' }, { hang: true }] });
    await asPrincipal(alice, async () => {
      for await (const event of await sessions().ask(input('How many days of annual leave are there?'))) {
        if (event.type === 'token') break;
      }
    });
    await expect.poll(() => server.aborted).toBe(1);
    expect(await stored()).toBe(before);
  });

  it('streams on a strict route nothing that the passages do not support', async () => {
    const admin = await createPrincipal(modules.kernel.database, {
      tenantId: alice.tenantId,
      roles: ['administrator'],
    });
    await asPrincipal(admin, async () => {
      const models = modules.kernel.registry.client('models');
      const { id: providerId } = await models.createProvider({
        name: 'strict',
        kind: 'openai',
        baseUrl: server.url,
      });
      const { id: modelId } = await models.createModel({
        providerId,
        name: 'strict-tester',
        upstreamName: 'tester',
      });
      await models.createRoute({ name: 'strict', plan: { targets: [{ modelId }], strict: true } });
    });
    const ask = input('How many days of annual leave are there?', { model: 'strict' });
    server.say(
      'Full-time staff get 15 days of annual leave a year [1]. Part-time st',
      'aff get 80 days of annual leave [1]. Staff in Berlin get a bonus',
      ' of 900 euros. Interns are not entitled to annual leave.',
    );
    const { answer, streamed } = await answerTo(ask);
    expect(streamed).toBe(
      'Full-time staff get 15 days of annual leave a year [1]. Interns are not entitled to annual leave.',
    );
    expect(answer).toMatchObject({ text: streamed, abstained: false, citations: [{ supported: true }] });
    expect(answer.citations).toHaveLength(1);
    const [row] = await modules.kernel.database.dataSource.query<{ manifest: { answerer: object } }[]>(
      'select manifest from answer_manifest where id = $1',
      [answer.manifestId],
    );
    expect(row!.manifest.answerer).toMatchObject({ withheld: { numbers: 2 } });

    server.say('Staff in Berlin get a bonus of 900 euros [1].');
    const none = await answerTo(ask);
    expect(none.streamed).toBe('The documents do not hold an answer to this question.');
    expect(none.answer).toMatchObject({ abstained: true, citations: [] });
  });

  it('is erased with a document that it was only given', async () => {
    server.say('No idea, but it is a secret [1].');
    const { answer } = await answerTo(input('How many days of annual leave are there?'));
    const { left } = await asPrincipal(alice, () =>
      sessions().eraseAnswersFrom({ documentIds: [documentId] }),
    );
    expect(left).toBe(0);
    const { nodes } = await asPrincipal(alice, () =>
      sessions().messages({ conversationId: answer.conversationId }),
    );
    expect(nodes.at(-1)).toMatchObject({
      text: 'This answer was erased because a document that it was made from has been deleted.',
      answer: { citations: [] },
    });
  });
});
