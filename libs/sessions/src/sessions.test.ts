import {
  type AnswerView,
  type AskInput,
  EXTRACTIVE_MODEL,
  type KnowledgeBaseView,
} from '@midplane/contracts';
import { type Principal, runInContext } from '@midplane/kernel';
import {
  asPrincipal,
  contextOf,
  createKnowledgeBase,
  createPrincipal,
  ingestDocument,
  type TestModules,
} from '@midplane/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from './answer/manifest.entity.js';
import { contentWords } from './text/words.js';
import { EXTRACTIVE_VERSION } from './index.js';
import { answerOf, bootSessions, eventsOf, textOf } from './testing/boot-sessions.js';

const HANDBOOK = `# Leave

Full-time staff get 15 days of annual leave a year. Part-time staff get 8 days of annual leave a year. Interns get no annual leave.

Requests are approved by the team lead within three working days.

# Expenses

| Trip | Hotel limit | Meal allowance |
| --- | --- | --- |
| Domestic | 450 yuan | 120 yuan |
| International | 1,200 yuan | 300 yuan |

Expense reports are handed in within 30 days after the trip.
`;

const HANDBOOK_ZH = `# 考勤

全职员工每年享有15天年假。兼职员工每年享有8天年假。实习生不享有年假。

# 信息安全

密码至少12位，每90天更换一次。禁止使用未登记的U盘。
`;

let modules: TestModules;
let alice: Principal;
let bob: Principal;
let stranger: Principal;
let base: KnowledgeBaseView;
let documentId: string;
let documentIdZh: string;

const sessions = () => modules.kernel.registry.client('sessions');
const input = (question: string, more: Partial<AskInput> = {}): AskInput => ({
  question,
  knowledgeBaseIds: [base.id],
  ...more,
});
const events = (who: Principal, ask: AskInput) => eventsOf(modules, who, ask);
const answerTo = async (who: Principal, ask: AskInput) => answerOf(await events(who, ask));

beforeAll(async () => {
  modules = await bootSessions();
  const { database } = modules.kernel;
  alice = await createPrincipal(database);
  bob = await createPrincipal(database, { tenantId: alice.tenantId, roles: ['application'] });
  stranger = await createPrincipal(database);
  await asPrincipal(alice, async () => {
    base = await createKnowledgeBase(modules.kernel);
    const upload = (fileName: string, content: string) =>
      ingestDocument(modules.kernel, { knowledgeBaseId: base.id, fileName, content });
    const document = await upload('handbook.md', HANDBOOK);
    expect(document.failure).toBeNull();
    documentId = document.id;
    documentIdZh = (await upload('手册.md', HANDBOOK_ZH)).id;
  });
});

afterAll(() => modules?.close());

describe('ask, without a chat model', () => {
  it('streams the sources, the text and the stored answer', async () => {
    const stream = await events(alice, input('How many days of annual leave do part-time staff get?'));
    expect(stream[0]).toMatchObject({ type: 'sources' });
    const text = textOf(stream);
    const last = stream.at(-1);
    expect(last).toMatchObject({
      type: 'done',
      answer: {
        text,
        abstained: false,
        label: 'AI-generated',
        model: EXTRACTIVE_MODEL,
        modelVersion: EXTRACTIVE_VERSION,
        usage: { promptTokens: 0, completionTokens: 0, costMicros: 0, cached: false },
      },
    });
    expect(text).toContain('Part-time staff get 8 days of annual leave a year. [1]');
    const { citations } = (last as { answer: AnswerView }).answer;
    expect(citations[0]).toMatchObject({
      index: 1,
      documentId,
      quote: 'Part-time staff get 8 days of annual leave a year.',
      supported: true,
    });
  });

  it('answers a Chinese question with Chinese sentences and label', async () => {
    const answer = await answerTo(alice, input('密码多久需要更换一次？'));
    expect(answer.text).toContain('密码至少12位，每90天更换一次。[1]');
    expect(answer.label).toBe('AI 生成');
    expect(answer.citations[0]).toMatchObject({ documentId: documentIdZh, supported: true });
  });

  it('shows a table row with the names of its columns', async () => {
    const answer = await answerTo(alice, input('What is the hotel limit for international trips?'));
    expect(answer.text).toContain(
      'Trip: International; Hotel limit: 1,200 yuan; Meal allowance: 300 yuan [1]',
    );
    expect(answer.citations[0]).toMatchObject({
      quote: 'International | 1,200 yuan | 300 yuan',
      supported: true,
    });
  });

  it.each([
    ['国际出差的酒店上限是多少？', '1,200 yuan'],
    ['How often do passwords have to be changed?', '每90天更换一次'],
  ])('answers a question in the other language, among sentences of its own: %s', async (question, held) => {
    const answer = await answerTo(alice, input(question));
    expect(answer.abstained).toBe(false);
    expect(answer.citations[0]!.quote).toContain(held);
  });

  it.each([
    ['What is the boiling point of tungsten?', 'The documents do not hold an answer to this question.'],
    ['谁是第一位登上月球的宇航员？', '现有文档中没有这个问题的答案。'],
  ])('abstains where the documents do not answer: %s', async (question, text) => {
    expect(await answerTo(alice, input(question))).toMatchObject({ abstained: true, text, citations: [] });
  });

  it('shows what comes closest where it abstains, and answers from the probability on that the tenant sets', async () => {
    const admin = await createPrincipal(modules.kernel.database, {
      tenantId: alice.tenantId,
      roles: ['knowledge-admin'],
    });
    const application = await createPrincipal(modules.kernel.database, {
      tenantId: alice.tenantId,
      roles: ['application'],
    });
    const question = input('How many days of annual leave do full-time staff get?');
    const answered = await answerTo(alice, question);
    expect(answered).toMatchObject({ abstained: false, closest: [] });
    expect(answered.probability).toBeGreaterThan(0.5);
    const set = (threshold: number | null) =>
      asPrincipal(admin, () => sessions().setAnswerSettings({ threshold }));
    expect(await asPrincipal(application, () => sessions().answerSettings())).toMatchObject({
      isDefault: true,
    });
    await expect(
      asPrincipal(application, () => sessions().setAnswerSettings({ threshold: 0 })),
    ).rejects.toMatchObject({ problem: { code: 'FORBIDDEN' } });

    expect(await set(1)).toEqual({ threshold: 1, isDefault: false });
    const refused = await answerTo(alice, question);
    expect(refused).toMatchObject({ abstained: true, citations: [], probability: answered.probability });
    expect(refused.closest[0]).toMatchObject({ supported: true, quote: answered.citations[0]!.quote });
    expect(refused.closest.length).toBeLessThanOrEqual(3);

    expect(await set(null)).toMatchObject({ isDefault: true });
    expect(await answerTo(alice, question)).toMatchObject({ abstained: false });
  });

  it('writes no word that the passages do not have', async () => {
    const questions = [
      'How many days of annual leave do interns get?',
      'Who approves leave requests?',
      'When are expense reports handed in?',
      'What is the meal allowance for domestic trips?',
      '兼职员工有多少天年假？',
      '可以使用U盘吗？',
      '密码要几位？',
    ];
    for (const question of questions) {
      const stream = await events(alice, input(question));
      const done = stream.at(-1) as { answer: AnswerView };
      const hits = stream.flatMap((event) => (event.type === 'sources' ? event.hits : []));
      const known = new Set(hits.flatMap((hit) => contentWords(hit.text.replaceAll(' | ', '\n'))));
      const own = contentWords(done.answer.text.replace(/\[\d+\]/g, ' '));
      expect(done.answer.abstained, question).toBe(false);
      expect(
        own.filter((word) => !known.has(word)),
        done.answer.text,
      ).toEqual([]);
    }
  });

  it('says what to do where there is no knowledge base', async () => {
    const newcomer = await createPrincipal(modules.kernel.database);
    const answer = await answerTo(newcomer, { question: '公司有多少天年假？' });
    expect(answer).toMatchObject({ abstained: true, label: 'AI 生成' });
    expect(answer.text).toContain('请先创建知识库');
  });

  it('asks all knowledge bases where none is named', async () => {
    const answer = await answerTo(alice, {
      question: 'How many days of annual leave do full-time staff get?',
    });
    expect(answer.text).toContain('15 days');
  });
});

describe('what is asked', () => {
  const manifestOf = async ({ manifestId }: AnswerView) => {
    const [row] = await modules.kernel.database.tenantOf(alice.tenantId, (manager) =>
      manager.query<{ manifest: Manifest }[]>('select manifest from answer_manifest where id = $1', [
        manifestId,
      ]),
    );
    return row!.manifest;
  };

  it.each([
    [
      'How many days of annual leave do interns get, and when are expense reports handed in?',
      ['How many days of annual leave do interns get?', 'When are expense reports handed in?'],
      ['annual leave', 'Expense reports are handed in'],
    ],
    [
      '全职员工有几天年假？密码至少要几位？',
      ['全职员工有几天年假？', '密码至少要几位？'],
      ['15天年假', '密码至少12位'],
    ],
  ])('is searched in parts: %s', async (question, parts, texts) => {
    const stream = await events(alice, input(question, { topK: 2 }));
    const [sources] = stream;
    if (sources?.type !== 'sources') throw new Error('The sources did not come first.');
    expect(sources.hits).toHaveLength(2);
    for (const text of texts) expect(sources.hits.some((hit) => hit.text.includes(text))).toBe(true);
    expect(new Set(sources.hits.map(({ chunkId }) => chunkId)).size).toBe(2);
    const last = stream.at(-1);
    if (last?.type !== 'done') throw new Error('The stream did not end with the answer.');
    const manifest = await manifestOf(last.answer);
    expect(manifest.question).toMatchObject({ asked: question, parts });
    expect(manifest.passages).toHaveLength(2);
  });

  it('is understood with spaces between its characters and marks repeated', async () => {
    const answer = await answerTo(alice, input('密 码 多 久 需 要 更 换 一 次 ？？？'));
    expect(answer.text).toContain('每90天更换一次');
    expect((await manifestOf(answer)).question).toMatchObject({
      asked: '密 码 多 久 需 要 更 换 一 次 ？？？',
      searched: '密码多久需要更换一次 ？',
    });
  });

  it('is limited to the document that it names, which the sources and the manifest say', async () => {
    const question = 'According to the handbook, who approves requests?';
    const filters = [{ kind: 'DOCUMENT', value: 'handbook', documentId, dropped: false }];
    const stream = await events(alice, input(question));
    expect(stream[0]).toMatchObject({ type: 'sources', filters });
    const last = stream.at(-1) as { answer: AnswerView };
    expect((await manifestOf(last.answer)).retrieval).toMatchObject({ filters });
    const [sources] = stream;
    expect(sources?.type === 'sources' && sources.hits.every((hit) => hit.documentId === documentId)).toBe(
      true,
    );
    const [open] = await events(alice, input(question, { namedFilters: false }));
    expect(open).toMatchObject({ filters: [] });
    expect(open?.type === 'sources' && open.hits.some((hit) => hit.documentId === documentIdZh)).toBe(true);
  });
});

describe('a conversation', () => {
  it('completes follow-ups, keeps its knowledge bases, and is listed for its user alone', async () => {
    const first = await answerTo(alice, input('How many days of annual leave do full-time staff get?'));
    expect(first.text).toContain('15 days');
    const { conversationId } = first;
    const second = await answerTo(alice, { question: 'And for part-time staff?', conversationId });
    expect(second.conversationId).toBe(conversationId);
    expect(second.text).toContain('Part-time staff get 8 days');

    await asPrincipal(alice, async () => {
      const found = await sessions().conversation({ id: conversationId });
      expect(found?.title).toBe('How many days of annual leave do full-time staff get?');
      expect(found!.updatedAt.getTime()).toBeGreaterThan(found!.createdAt.getTime());
      const listed = await sessions().conversations({ first: 1 });
      expect(listed.nodes).toEqual([found]);
      expect(listed.hasNextPage).toBe(true);
      const older = await sessions().conversations({ first: 100, after: listed.endCursor! });
      expect(older.nodes.length).toBe(listed.totalCount - 1);

      const messages = await sessions().messages({ conversationId });
      expect(messages.nodes.map(({ role, text }) => [role, text])).toEqual([
        ['USER', 'How many days of annual leave do full-time staff get?'],
        ['ASSISTANT', first.text],
        ['USER', 'And for part-time staff?'],
        ['ASSISTANT', second.text],
      ]);
      expect(messages.nodes[3]!.answer).toEqual(second);
      const page = await sessions().messages({ conversationId, first: 3 });
      const rest = await sessions().messages({ conversationId, after: page.endCursor! });
      expect(rest.nodes.map(({ id }) => id)).toEqual([second.id]);
    });

    for (const other of [bob, stranger]) {
      await asPrincipal(other, async () => {
        expect(await sessions().conversation({ id: conversationId })).toBeNull();
        expect((await sessions().conversations({})).nodes).toEqual([]);
        await expect(sessions().messages({ conversationId })).rejects.toMatchObject({
          problem: { code: 'CONVERSATION_NOT_FOUND' },
        });
        expect(await sessions().rateMessage({ messageId: first.id, rating: 'DOWN' })).toBeNull();
      });
      await expect(answerTo(other, { question: 'And for interns?', conversationId })).rejects.toMatchObject({
        problem: { code: 'CONVERSATION_NOT_FOUND' },
      });
    }
    await asPrincipal(alice, async () => {
      const kept = (await sessions().messages({ conversationId })).nodes[1];
      expect(kept?.rating).toBeNull();
      const rated = await sessions().rateMessage({ messageId: first.id, rating: 'UP', comment: 'clear' });
      expect(rated).toMatchObject({ id: first.id, rating: 'UP' });
      expect((await sessions().messages({ conversationId })).nodes).toHaveLength(4);
    });
  });

  it('gives what was rated up to those who may tune its knowledge base, without who asked', async () => {
    const rated = async (who: Principal, knowledgeBaseId = base.id) =>
      (await asPrincipal(who, () => sessions().ratedQuestions({ knowledgeBaseId, limit: 100 }))).map(
        ({ question, chunkId }) => ({ question, chunkId }),
      );
    const question = 'Who approves requests for annual leave?';
    const answer = await answerTo(bob, input(question));
    const rate = (rating: 'UP' | 'DOWN') =>
      asPrincipal(bob, () => sessions().rateMessage({ messageId: answer.id, rating }));
    const mine = async (who = alice) => (await rated(who)).filter((each) => each.question === question);
    expect(await mine()).toEqual([]);
    await rate('UP');
    expect(await mine()).toEqual([{ question, chunkId: answer.citations[0]!.chunkId }]);
    expect(await rated(alice, answer.id)).toEqual([]);
    expect(await rated(stranger)).toEqual([]);
    await expect(rated(bob)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await rate('DOWN');
    expect(await mine()).toEqual([]);
  });
});

describe('what is refused', () => {
  it.each([
    ['is empty', '', 'question'],
    ['is blank', '   \n ', 'question'],
    ['has no word', '?!', 'question'],
    ['is too long', `why ${'so '.repeat(1400)}`, 'question'],
  ])('a question that %s', async (_, question, field) => {
    await expect(events(alice, input(question))).rejects.toMatchObject({
      problem: { code: 'INVALID_INPUT', params: { field } },
    });
  });

  it('a model that is not there', async () => {
    await expect(events(alice, input('Who?', { model: 'gpt-9' }))).rejects.toMatchObject({
      problem: { code: 'MODEL_NOT_FOUND', params: { model: 'gpt-9', available: EXTRACTIVE_MODEL } },
    });
  });

  it('a knowledge base of another tenant', async () => {
    await expect(events(stranger, input('How many days of leave?'))).rejects.toMatchObject({
      problem: { code: 'KNOWLEDGE_BASE_NOT_FOUND' },
    });
  });

  it('a role that may not ask', async () => {
    const auditor = await createPrincipal(modules.kernel.database, {
      tenantId: alice.tenantId,
      roles: ['auditor'],
    });
    await expect(events(auditor, input('How many days?'))).rejects.toMatchObject({
      problem: { code: 'FORBIDDEN' },
    });
    await expect(
      asPrincipal(bob, () => sessions().eraseAnswersFrom({ documentIds: [documentId] })),
    ).rejects.toMatchObject({ problem: { code: 'FORBIDDEN' } });
  });
});

describe('a reader who goes away', () => {
  const count = async (who: Principal) =>
    (await asPrincipal(who, () => sessions().conversations({}))).totalCount;

  it('leaves nothing behind, by ending the stream', async () => {
    const carol = await createPrincipal(modules.kernel.database, { tenantId: alice.tenantId });
    await asPrincipal(carol, async () => {
      for await (const event of await sessions().ask(input('Who approves leave requests?'))) {
        expect(event.type).toBe('sources');
        break;
      }
    });
    expect(await count(carol)).toBe(0);
  });

  it('leaves nothing behind, by the signal', async () => {
    const carol = await createPrincipal(modules.kernel.database, { tenantId: alice.tenantId });
    const gone = new AbortController();
    const context = contextOf(carol, { signal: gone.signal });
    await expect(
      runInContext(context, async () => {
        for await (const event of await sessions().ask(input('Who approves leave requests?'))) {
          if (event.type === 'sources') gone.abort();
        }
      }),
    ).rejects.toThrow();
    expect(await count(carol)).toBe(0);
  });
});

describe('erasure', () => {
  it('erases what was answered from a deleted document, for every user, and nothing else', async () => {
    const { kernel } = modules;
    const [doomed, other] = await asPrincipal(alice, async () => {
      base = await createKnowledgeBase(kernel);
      return [
        await ingestDocument(kernel, {
          knowledgeBaseId: base.id,
          fileName: 'aurora.md',
          content: 'The Aurora project is led by Jane Okoro. It began in May 2021 in the Zurich office.',
        }),
        await ingestDocument(kernel, {
          knowledgeBaseId: base.id,
          fileName: 'canteen.md',
          content: 'The canteen opens at eleven and closes at two. Guests pay nine francs for lunch.',
        }),
      ];
    });
    const of = await answerTo(alice, input('Who leads the Aurora project?'));
    expect(of.text).toContain('Jane Okoro');
    const pointing = await answerTo(alice, {
      question: 'When did she begin?',
      conversationId: of.conversationId,
    });
    const ofBob = await answerTo(bob, input('Where is the office of the Aurora project?'));
    const ofOther = await answerTo(alice, input('When does the canteen open?'));
    expect(ofOther.citations.map((citation) => citation.documentId)).toEqual([other.id]);

    const erased = await asPrincipal(alice, () => sessions().eraseAnswersFrom({ documentIds: [doomed.id] }));
    expect(erased.left).toBe(0);
    expect(erased.erased).toBeGreaterThanOrEqual(2);
    expect(await asPrincipal(alice, () => sessions().eraseAnswersFrom({ documentIds: [doomed.id] }))).toEqual(
      {
        erased: 0,
        left: 0,
      },
    );

    const all = await kernel.database.dataSource.query<{ text: string }[]>(
      `select m.text || coalesce(m.answer::text, '') || coalesce(a.manifest::text, '') as text
       from message m left join answer_manifest a on a.message_id = m.id
       where m.conversation_id in ($1, $2, $3) and m.role = 'ASSISTANT'`,
      [of.conversationId, ofBob.conversationId, ofOther.conversationId],
    );
    const everything = all.map((row) => row.text).join('\n');
    expect(everything).not.toContain('Okoro');
    expect(everything).not.toContain('Zurich');
    expect(everything).not.toContain('aurora.md');
    expect(everything).not.toContain(doomed.id);
    expect(everything).toContain(
      'This answer was erased because a document that it was made from has been deleted.',
    );

    await asPrincipal(alice, async () => {
      const kept = (await sessions().messages({ conversationId: ofOther.conversationId })).nodes.at(
        -1,
      )?.answer;
      expect(kept).toEqual(ofOther);
      const pointed = (await sessions().messages({ conversationId: of.conversationId })).nodes;
      expect(pointed.find((message) => message.id === pointing.id)).toBeDefined();
    });
  });

  it('does not keep an answer whose source was deleted while it was made', async () => {
    const { kernel } = modules;
    const document = await asPrincipal(alice, async () => {
      base = await createKnowledgeBase(kernel);
      return ingestDocument(kernel, {
        knowledgeBaseId: base.id,
        fileName: 'vault.md',
        content: 'The code of the vault is kept by Miriam Holt in the archive.',
      });
    });
    const answer = await asPrincipal(alice, async () => {
      let done: AnswerView | undefined;
      for await (const event of await sessions().ask(input('Who keeps the code of the vault?'))) {
        if (event.type === 'token') {
          await kernel.registry.client('ingest').deleteDocument({ id: document.id });
        }
        if (event.type === 'done') done = event.answer;
      }
      return done!;
    });
    expect(answer.text).not.toContain('Miriam');
    expect(answer.citations).toEqual([]);
  });
});
