import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createInference, type Inference, inferenceHandlers, SHIPPED_MODEL } from '@midplane/inference';
import type { EmbeddingModel, SearchInput, SearchResult } from '@midplane/contracts';
import {
  ContextToken,
  createLogger,
  newId,
  type Principal,
  ServiceRegistry,
  UserError,
} from '@midplane/kernel';
import {
  asPrincipal,
  createPrincipal,
  embeddedTestDatabase,
  testDatabase,
  type TestDatabase,
  writeOverlapModel,
} from '@midplane/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChunkRepository, type EmbeddedPassage } from '../ingest/chunks/chunk.repository.js';
import { cutWords } from '../lexical/index.js';
import { CandidateRepository } from './candidates/candidate.repository.js';
import { passageText } from '../passage-text.js';
import { ConfiguredModel } from './rerank/configured/configured-model.js';
import { InferenceReranker } from './rerank/configured/inference.reranker.js';
import { LateInteractionReranker } from './rerank/late-interaction/late-interaction.reranker.js';
import { TokenAligner } from './rerank/late-interaction/token-aligner.js';
import { TokenScorer } from './rerank/late-interaction/token-scorer.js';
import { PreferredReranker } from './rerank/preferred.reranker.js';
import type { Reranker } from './rerank/reranker.port.js';
import { SearchService } from './search.service.js';

interface TestDocument {
  texts: string[];
  readers?: string[];
  metadata?: Record<string, unknown>;
  status?: string;
  /** Of each text; else the title, and page 2. */
  headings?: string[][];
  pages?: number[];
}

const logger = createLogger('silent', 'test');
const inference = createInference();
const scorer = new TokenScorer();
afterAll(async () => {
  await inference.close();
  await scorer.onModuleDestroy();
});

/** A registry in which inference answers, as it is or under another revision. */
function registryWith(
  change: (model: EmbeddingModel) => EmbeddingModel = (model) => model,
  served = inference,
): ServiceRegistry {
  const registry = new ServiceRegistry({}, new ContextToken(Buffer.alloc(32, 1)));
  const handlers = inferenceHandlers(served);
  registry.serve('inference', {
    ...handlers,
    embed: async (input) => {
      const result = await handlers.embed(input);
      return { ...result, model: change(result.model) };
    },
  });
  return registry;
}

describe.each([
  ['Postgres', testDatabase],
  ['the embedded database', embeddedTestDatabase],
])('search on %s', (_, openTestDatabase) => {
  let db: TestDatabase;
  let owner: Principal;
  let colleague: Principal;
  let stranger: Principal;
  let handbook: string;
  let empty: string;
  const documents = new Map<string, string>();

  let aligner: TokenAligner;
  const serviceWith = (registry = registryWith(), reranker?: Reranker) =>
    new SearchService(
      new CandidateRepository(db.database),
      registry,
      reranker ?? new LateInteractionReranker(aligner),
      aligner,
      logger,
    );
  const search = (
    principal: Principal,
    query: string,
    input: Partial<SearchInput> = {},
    service = serviceWith(),
  ): Promise<SearchResult> =>
    asPrincipal(principal, () => service.search({ query, knowledgeBaseIds: [handbook], ...input }));
  /** Names of the documents found, best first. */
  const found = async (...args: Parameters<typeof search>): Promise<string[]> => {
    const { hits } = await search(...args);
    return hits.map(({ documentTitle }) => documentTitle);
  };

  /** Writes what ingest writes, through its own repository. */
  async function addBase(
    principal: Principal,
    name: string,
    docs: Record<string, TestDocument>,
  ): Promise<string> {
    const chunks = new ChunkRepository();
    const id = newId();
    const [model] = await inference.embeddingModels();
    const embedder = { name: model!.name, revision: model!.revision, dimension: model!.dimension };
    const embedded = new Map<string, EmbeddedPassage>();
    for (const [title, { texts }] of Object.entries(docs)) {
      const made = await inference.embed({
        role: 'passage',
        urgency: 'bulk',
        tokenStates: true,
        texts: texts.map((text) => passageText({ headings: [title], text })),
      });
      for (const [i, text] of texts.entries())
        embedded.set(`${title} ${text}`, {
          vector: made.vectors[i]!,
          states: Buffer.from(made.tokenStates![i]!, 'base64'),
        });
    }
    await db.database.tenantOf(principal.tenantId, async (manager) => {
      const count = Object.values(docs).reduce((sum, { texts }) => sum + texts.length, 0);
      await manager.query(
        `insert into knowledge_base (id, tenant_id, name, embedding_model, embedding_revision, dimension, chunk_count)
         values ($1, $2, $3, $4, $5, $6, $7)`,
        [id, principal.tenantId, name, embedder.name, embedder.revision, embedder.dimension, count],
      );
      for (const [title, doc] of Object.entries(docs)) {
        const { texts, readers = [], metadata = {}, status = 'READY' } = doc;
        const documentId = newId();
        documents.set(title, documentId);
        await manager.query(
          `insert into document (id, tenant_id, knowledge_base_id, title, file_name, mime_type, size_bytes, sha256,
             storage_key, status, readers, metadata, created_by, chunk_count)
           values ($1, $2, $3, $4, $4, 'text/plain', 1, $4, $4, $5, $6, $7, $8, $9)`,
          [
            documentId,
            principal.tenantId,
            id,
            title,
            status,
            readers,
            metadata,
            principal.userId,
            texts.length,
          ],
        );
        const rows = texts.map((text, ordinal) => ({
          id: newId(),
          tenantId: principal.tenantId,
          knowledgeBaseId: id,
          documentId,
          ordinal,
          text,
          headings: doc.headings?.[ordinal] ?? [title],
          page: doc.pages?.[ordinal] ?? 2,
          boxes: doc.pages
            ? []
            : [
                { page: 2, box: [1, 2, 3, 4] as [number, number, number, number], start: 0, end: 200 },
                { page: 3, box: [5, 6, 7, 8] as [number, number, number, number], start: 200, end: 300 },
              ],
          tokens: 10,
        }));
        const ids = rows.map((row) => row.id);
        await chunks.add(manager, rows);
        await chunks.addPostings(manager, ids, texts.map(cutWords));
        await chunks.addEmbedded(
          manager,
          ids,
          embedder,
          texts.map((text) => embedded.get(`${title} ${text}`)!),
        );
      }
    });
    return id;
  }

  beforeAll(async () => {
    db = await openTestDatabase();
    aligner = new TokenAligner(new CandidateRepository(db.database), scorer);
    owner = await createPrincipal(db.database, { roles: ['knowledge-admin'] });
    colleague = await createPrincipal(db.database, {
      tenantId: owner.tenantId,
      roles: ['application'],
      groups: ['legal'],
    });
    stranger = await createPrincipal(db.database);
    handbook = await addBase(owner, 'handbook', {
      leave: {
        texts: [
          'Employees are entitled to fifteen days of paid annual leave.',
          'Part-time staff receive annual leave in proportion to their hours.',
          'Requests go to the manager two weeks ahead.',
        ],
        metadata: { dept: 'HR', year: 2021, tags: ['time off', 'benefits'] },
      },
      假期: {
        texts: ['员工每年享有十五天带薪年休假，须提前两周申请。'],
        metadata: { dept: 'HR', year: 2023 },
      },
      資料: { texts: ['公司的資料庫管理系統由資訊部門維護。'], metadata: { dept: 'IT', year: '2023' } },
      order: {
        texts: ['Replace part ＡＢＣ－１２３４ of the pump every 3.5 years.'],
        metadata: { dept: 'Ops', year: 2019 },
      },
      other: { texts: ['Replace part ABC-1235 of the valve every 35 years.'], metadata: { dept: 'Ops' } },
      merger: {
        texts: ['Project Falcon: the merger with Contoso closes in June.'],
        readers: [...colleague.groupIds],
        metadata: { dept: 'Legal' },
      },
      salaries: { texts: ['Project Falcon: salaries of the board after the merger.'], readers: [newId()] },
      own: { texts: ['Project Falcon: note to myself about the merger.'], readers: [colleague.userId] },
      draft: { texts: ['Project Falcon: draft about the merger, still being read.'], status: 'INDEXING' },
      gone: { texts: ['Project Falcon: the merger memo that is being erased.'], status: 'DELETING' },
    });
    empty = await addBase(owner, 'empty', {});
    await addBase(stranger, 'elsewhere', {
      secret: { texts: ['Project Falcon: what another tenant knows of the merger.'] },
    });
  });
  afterAll(() => db.close());

  const MODES = ['LEXICAL', 'VECTOR', 'HYBRID'] as const;
  const FALCON = 'Project Falcon merger';

  it.each(MODES)('shows readers what they may read, and nothing else (%s)', async (mode) => {
    const visible = ['leave', '假期', '資料', 'order', 'other', 'merger', 'own'];
    const mine = await found(colleague, FALCON, { mode, topK: 100 });
    expect(mine.every((title) => visible.includes(title))).toBe(true);
    expect(mine.slice(0, 2).sort()).toEqual(['merger', 'own']);
    const all = await found(owner, FALCON, { mode, topK: 100 });
    expect(all.slice(0, 3).sort()).toEqual(['merger', 'own', 'salaries']);
    expect(all).not.toContain('draft');
    expect(all).not.toContain('gone');
    expect(all).not.toContain('secret');
  });

  it.each(MODES)('knows no knowledge base of another tenant (%s)', async (mode) => {
    for (const principal of [stranger, owner]) {
      const ids = principal === stranger ? [handbook] : [handbook, newId()];
      await expect(search(principal, FALCON, { mode, knowledgeBaseIds: ids })).rejects.toMatchObject({
        code: 'KNOWLEDGE_BASE_NOT_FOUND',
      });
    }
  });

  it.each(MODES)('filters by metadata before it ranks (%s)', async (mode) => {
    const titles = async (filter: SearchInput['filter']) =>
      [
        ...new Set(await found(owner, 'annual leave 年休假 part 部門 merger', { mode, filter, topK: 100 })),
      ].sort();
    expect(await titles({ dept: 'HR' })).toEqual(['leave', '假期']);
    expect(await titles({ dept: ['HR', 'Legal'] })).toEqual(['leave', 'merger', '假期']);
    expect(await titles({ tags: 'benefits' })).toEqual(['leave']);
    expect(await titles({ year: { gte: 2020 } })).toEqual(['leave', '假期']);
    expect(await titles({ year: { gte: 2020, lt: 2022 } })).toEqual(['leave']);
    expect(await titles({ year: { gt: '2022' } })).toEqual(['資料']);
    expect(await titles({ dept: 'HR', year: 2023 })).toEqual(['假期']);
    expect(await titles({ dept: `HR' or true --` })).toEqual([]);
  });

  it('finds the same by the wide and the narrow plan', async () => {
    const candidates = new CandidateRepository(db.database);
    const [model] = await inference.embeddingModels();
    const { vectors } = await inference.embed({ role: 'query', urgency: 'bulk', texts: [FALCON] });
    const reader = [colleague.userId, ...colleague.groupIds];
    const within = { pages: [2, 3] as [number, number], headings: [['^(merger|own|leave)$', 'x']] };
    for (const limits of [
      { principals: undefined },
      { principals: reader },
      { principals: reader, within },
    ]) {
      const scope = { knowledgeBaseIds: [handbook], filter: [], ...limits };
      const run = async (plan: 'wide' | 'narrow') =>
        asPrincipal(owner, async () => {
          const [base] = await candidates.bases(scope);
          return {
            lexical: await candidates.byWords(plan, scope, ['project', 'falcon', 'leav'], 100, 100, 50),
            vector: await candidates.nearest(plan, scope, model!, vectors[0]!, base!.chunks, 100, 50),
          };
        });
      const [wide, narrow] = [await run('wide'), await run('narrow')];
      expect(wide.lexical.reach).toBeCloseTo(narrow.lexical.reach, 6);
      for (const channel of ['lexical', 'vector'] as const) {
        const [a, b] = [wide, narrow].map((result) =>
          channel === 'lexical' ? result.lexical.found : result.vector,
        );
        expect(b!.length).toBeGreaterThan(2);
        expect(a!.map(({ chunkId }) => chunkId).sort()).toEqual(b!.map(({ chunkId }) => chunkId).sort());
        for (const [i, { score }] of a!.entries()) expect(score).toBeCloseTo(b![i]!.score, 4);
      }
    }
  });

  it.each([
    ['Simplified finds Traditional', '数据资料库', '資料'],
    ['half width finds full width', 'abc-1234', 'order'],
    ['full width finds half width', 'ＡＢＣ－１２３５', 'other'],
    ['a code without its hyphen', 'ABC1234', 'order'],
    ['a decimal number', '3.5', 'order'],
    ['another form of an English word', 'employee entitlement', 'leave'],
  ])('meets by words: %s', async (_name, query, title) => {
    expect((await found(owner, query, { mode: 'LEXICAL' }))[0]).toBe(title);
  });

  it.each([
    [
      'full-width letters and repeated marks',
      'ｐａｉｄ　ＡＮＮＵＡＬ ｌｅａｖｅ？？？！！',
      'leave',
      'paid ANNUAL leave？！',
    ],
    ['spaces between Chinese characters', '带 薪 年 休 假 有 几 天', '假期', '带薪年休假有几天'],
    ['capitals', 'HOW MANY DAYS OF PAID ANNUAL LEAVE', 'leave', 'how many days of paid annual leave'],
  ])('overlooks %s', async (_name, noisy, title, plain) => {
    for (const mode of MODES) {
      const [a, b] = [await search(owner, noisy, { mode }), await search(owner, plain, { mode })];
      expect(a.hits[0]!.documentTitle).toBe(title);
      expect(a.hits.map(({ chunkId }) => chunkId)).toEqual(b.hits.map(({ chunkId }) => chunkId));
      expect(a.coverage).toBe(b.coverage);
    }
  });

  it.each(['HYBRID', 'LEXICAL'] as const)('corrects misspelt words by what it found (%s)', async (mode) => {
    const right = await search(owner, 'part-time staff annual leave proportion', { mode });
    const wrong = await search(owner, 'part-time stafff anual leave propotion', { mode });
    expect(wrong.hits[0]!.text).toBe(right.hits[0]!.text);
    expect(wrong.coverage).toBeCloseTo(right.coverage, 6);
    const { text, highlights } = wrong.hits[0]!;
    expect(highlights.map(([start, end]) => text.slice(start, end))).toContain('annual');
    // With no word right, only the meaning can find what corrects them.
    const alone = (await search(owner, 'anual leef', { mode })).hits.map(
      ({ documentTitle }) => documentTitle,
    );
    expect(alone[0]).toBe(mode === 'HYBRID' ? 'leave' : undefined);
  });

  it('corrects no word by what its asker may not see, and makes no word of a code', async () => {
    const unseen = await search(owner, 'Project Falcon salarees', { mode: 'LEXICAL' });
    expect(unseen.hits[0]!.documentTitle).toBe('salaries');
    const { coverage, hits } = await search(colleague, 'Project Falcon salarees', { mode: 'LEXICAL' });
    expect(hits.map(({ documentTitle }) => documentTitle)).not.toContain('salaries');
    expect(coverage).toBeLessThan(unseen.coverage);
    expect(await found(owner, 'ABC1236', { mode: 'LEXICAL' })).toEqual([]);
  });

  it('does not take one code or number for another', async () => {
    expect(await found(owner, 'ABC1234', { mode: 'LEXICAL' })).toEqual(['order']);
    expect(await found(owner, '3.5', { mode: 'LEXICAL' })).toEqual(['order']);
  });

  it('finds the passage in another language', async () => {
    for (const mode of ['HYBRID', 'VECTOR'] as const) {
      expect(
        await found(owner, '非全日制员工的假期怎么算？', { mode, filter: { dept: 'HR' }, topK: 2 }),
      ).toContain('leave');
      expect((await found(owner, 'who maintains the database?', { mode }))[0]).toBe('資料');
    }
  });

  it('finds the one passage in the other language among many in the language of the question', async () => {
    const parts = [
      '轴承',
      '叶轮',
      '密封圈',
      '电机',
      '联轴器',
      '底座',
      '阀门',
      '滤网',
      '压力表',
      '出水管',
      '电缆',
      '控制箱',
    ];
    const works = [
      '每三个月检查一次',
      '由设备部负责更换',
      '的备件存放在二号仓库',
      '的采购单由主管审批',
      '须每年清洗',
    ];
    const noise = parts.flatMap((part) => works.map((work) => `水泵的${part}${work}，并登记在维护台账里。`));
    const mixed = await addBase(owner, 'mixed', {
      ...Object.fromEntries(noise.map((text, i) => [`维护 ${i + 1}`, { texts: [text] }])),
      warranty: { texts: ['The warranty of the pump ends after four years or 20,000 hours of use.'] },
      safety: { texts: ['Helmets have to be worn on the factory floor at all times.'] },
    });
    const inMixed = { knowledgeBaseIds: [mixed] };
    expect((await found(owner, '水泵的保修期是几年？', inMixed))[0]).toBe('warranty');
    expect((await found(owner, '在车间里必须戴什么？', inMixed))[0]).toBe('safety');
    // It is lifted, and not put first: what is said in the question's own language stays ahead.
    expect((await found(owner, '水泵的压力表多久检查一次？', inMixed))[0]).toMatch(/^维护/u);
  });

  it('shows how a score came about, what matched, and where it stands', async () => {
    const { hits, coverage, bestCosine, reranker, embeddingModel } = await search(owner, 'paid annual leave');
    const [best] = hits;
    expect(best).toMatchObject({
      documentTitle: 'leave',
      documentId: documents.get('leave'),
      knowledgeBaseId: handbook,
      page: 2,
      boxes: [[1, 2, 3, 4]],
      highlightBoxes: [[1, 2, 3, 4]],
      headings: ['leave'],
      before: [],
      after: [],
      trace: { lexicalRank: 1 },
    });
    expect(best!.highlights.map(([start, end]) => best!.text.slice(start, end))).toEqual([
      'paid',
      'annual',
      'leave',
    ]);
    for (const { trace, score } of hits) {
      expect(trace.lexicalPart + trace.vectorPart).toBe(trace.fusedScore);
      expect(score).toBe(trace.rerankScore);
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(1);
    }
    expect(coverage).toBeGreaterThan(0.3);
    expect(coverage).toBeLessThanOrEqual(1);
    expect(bestCosine).toBe(Math.max(...hits.map(({ trace }) => trace.vectorScore ?? 0)));
    expect({ reranker, embeddingModel }).toEqual({
      reranker: 'late-interaction',
      embeddingModel: 'multilingual-e5-small-zh-en',
    });
  });

  it('gives the neighbours of a hit in reading order, of the same document only', async () => {
    const { hits } = await search(owner, 'part-time staff hours', { neighbours: 1, topK: 1 });
    expect(hits[0]).toMatchObject({
      before: ['Employees are entitled to fifteen days of paid annual leave.'],
      after: ['Requests go to the manager two weeks ahead.'],
    });
  });

  it('cuts by the final score and the number asked for', async () => {
    const { hits } = await search(owner, 'annual leave', { topK: 100 });
    const threshold = hits[1]!.score;
    const above = await search(owner, 'annual leave', { topK: 100, minScore: threshold });
    expect(above.hits.map(({ chunkId }) => chunkId)).toEqual(hits.slice(0, 2).map(({ chunkId }) => chunkId));
    expect((await search(owner, 'annual leave', { topK: 1 })).hits).toHaveLength(1);
  });

  it('searches several knowledge bases at once, also an empty one', async () => {
    const { hits } = await search(owner, 'annual leave', { knowledgeBaseIds: [empty, handbook] });
    expect(hits[0]!.knowledgeBaseId).toBe(handbook);
    expect((await search(owner, 'annual leave', { knowledgeBaseIds: [empty] })).hits).toEqual([]);
  });

  it.each(MODES)(
    'finds nothing by words for a question without any, and does not fail (%s)',
    async (mode) => {
      const { hits, coverage } = await search(owner, '？！🙂', { mode });
      expect(coverage).toBe(0);
      if (mode === 'LEXICAL') expect(hits).toEqual([]);
    },
  );

  describe('for a question that names a document, a page, a date or a heading', () => {
    let library: string;
    const NIGHT = 'the hotel limit for a night';
    const ask = (query: string, input: Partial<SearchInput> = {}, principal = owner) =>
      search(principal, query, { knowledgeBaseIds: [library], topK: 100, ...input });
    const texts = async (...args: Parameters<typeof ask>) =>
      (await ask(...args)).hits.map(({ text }) => text).sort();
    const filter = (kind: string, value: string, title?: string, dropped = false) => ({
      kind,
      value,
      documentId: title ? documents.get(title)! : null,
      dropped,
    });

    beforeAll(async () => {
      library = await addBase(owner, 'library', {
        'Travel_Policy_2023.pdf': {
          texts: ['The hotel limit for a night is 400 yuan.', 'Taxis are paid at night.'],
          headings: [['1. Hotels'], ['2. Taxis']],
          pages: [1, 2],
        },
        'Travel Policy (2024)': {
          texts: [
            'The hotel limit for a night is 500 yuan.',
            '2.1 Late at night\nTaxis are paid at any time.',
          ],
          headings: [['1. Hotels'], ['2. Taxis']],
          pages: [1, 3],
        },
        'Board travel policy': {
          texts: ['The hotel limit for a night is 5,000 yuan.'],
          readers: [newId()],
        },
        員工手冊: {
          texts: ['加班须提前申请。', '住宿标准为每晚450元。'],
          headings: [['第二章 加班'], ['第三章 差旅', '报销']],
          pages: [4, 5],
        },
        Minutes: { texts: ['The hotel limit for a night was discussed.'], metadata: { date: '2022-05-17' } },
      });
    });

    it.each(MODES)('searches the named document alone (%s)', async (mode) => {
      const result = await ask(`${NIGHT} in the 2024 travel policy`, { mode });
      expect(new Set(result.hits.map(({ documentTitle }) => documentTitle))).toEqual(
        new Set(['Travel Policy (2024)']),
      );
      expect(result.filters).toEqual([
        filter('DOCUMENT', '2024 travel policy', 'Travel Policy (2024)'),
        filter('DATE', '2024'),
      ]);
    });

    it('meets a title in the other script, and takes chapter and page', async () => {
      const result = await ask('《员工手册》第三章里，住宿标准是多少？');
      expect(result.hits.map(({ text }) => text)).toEqual(['住宿标准为每晚450元。']);
      expect(result.filters).toEqual([
        filter('DOCUMENT', '员工手册', '員工手冊'),
        filter('HEADING', '第三章'),
      ]);
      expect(await texts('員工手冊的第4頁說什麼？')).toEqual(['加班须提前申请。']);
      expect(await texts('“报销”一节怎么规定？')).toEqual(['住宿标准为每晚450元。']);
    });

    it('takes both of two documents that a name may mean, and a page, a section or a date of them', async () => {
      expect(await texts('What does page 1 of the travel policy say?')).toEqual([
        'The hotel limit for a night is 400 yuan.',
        'The hotel limit for a night is 500 yuan.',
      ]);
      expect(await texts('What does section 2.1 say?')).toEqual([
        '2.1 Late at night\nTaxis are paid at any time.',
      ]);
      expect(await texts("What is said under 'Taxis'?")).toEqual([
        '2.1 Late at night\nTaxis are paid at any time.',
        'Taxis are paid at night.',
      ]);
      expect(await texts('Which documents from 2022 mention the hotel limit?')).toEqual([
        'The hotel limit for a night was discussed.',
      ]);
    });

    it('neither finds nor tells of a document that one may not read', async () => {
      const question = `${NIGHT} in the "Board travel policy"`;
      const mine = await ask(question, {}, colleague);
      expect(mine.filters).toEqual([]);
      expect(mine.hits.map(({ documentTitle }) => documentTitle)).not.toContain('Board travel policy');
      expect((await ask(question)).filters).toEqual([
        filter('DOCUMENT', 'Board travel policy', 'Board travel policy'),
      ]);
    });

    it('drops a filter with which nothing is found, and says so', async () => {
      const page = await ask('What does page 9 of the 2024 travel policy say about taxis?');
      expect(page.hits.map(({ documentTitle }) => documentTitle)).toContain('Travel Policy (2024)');
      expect(page.filters).toEqual([
        filter('DOCUMENT', '2024 travel policy', 'Travel Policy (2024)'),
        filter('DATE', '2024'),
        filter('PAGE', 'page 9', undefined, true),
      ]);
      const nothing = await ask('Board meeting in chapter 7 of the 员工手册', { mode: 'LEXICAL' });
      expect(nothing.filters).toEqual([filter('HEADING', 'chapter 7', undefined, true)]);
      const year = await ask(`${NIGHT} in the 1999 travel policy`);
      expect(year.filters.at(-1)).toEqual(filter('DATE', '1999', undefined, true));
      expect(year.filters).toHaveLength(4);
    });

    it('can be told not to, and leaves other questions alone', async () => {
      const off = await ask(`${NIGHT} in the 2024 travel policy`, { namedFilters: false });
      expect(off.filters).toEqual([]);
      expect(new Set(off.hits.map(({ documentTitle }) => documentTitle)).size).toBe(5);
      expect((await ask(NIGHT)).filters).toEqual([]);
      expect((await ask('What does the unknown handbook say?')).filters).toEqual([]);
    });
  });

  it('lets a reranker decide the order, and says so', async () => {
    /** Likes short passages. */
    const brevity: Reranker = {
      name: 'brevity',
      limit: 3,
      rerank: ({ scope, candidates }) =>
        asPrincipal(owner, async () => {
          const ids = candidates.map(({ chunkId }) => chunkId);
          const passages = await new CandidateRepository(db.database).passages(scope, ids, 0);
          const scored = [...passages].map(([id, { text }]) => [id, { score: 1 / text.length }] as const);
          return { by: 'brevity', scored: new Map(scored) };
        }),
    };
    const service = serviceWith(registryWith(), brevity);
    const fused = await search(owner, 'annual leave', { topK: 3, rerank: false }, service);
    expect(fused.reranker).toBeNull();
    const { hits, reranker } = await search(owner, 'annual leave', { topK: 3, neighbours: 1 }, service);
    expect(reranker).toBe('brevity');
    expect(hits.map(({ chunkId }) => chunkId).sort()).toEqual(
      fused.hits.map(({ chunkId }) => chunkId).sort(),
    );
    const lengths = hits.map(({ text }) => text.length);
    expect(lengths).toEqual(lengths.toSorted((a, b) => a - b));
    for (const { score, text, trace } of hits) {
      expect(score).toBe(1 / text.length);
      expect(trace.rerankScore).toBe(score);
      expect(trace.lexicalPart + trace.vectorPart).toBe(trace.fusedScore);
    }
    expect(hits.some(({ before, after }) => before.length + after.length > 0)).toBe(true);
  });

  it('reranks by token states: the answer across languages first, with what its words met', async () => {
    const query = 'How many days of annual leave?';
    const { hits, question } = await search(owner, query, { alignments: true });
    const [first] = hits.filter(({ documentTitle }) => documentTitle === '假期');
    expect(first!.highlights.map(([start, end]) => first!.text.slice(start, end)).join('')).toContain(
      '十五天',
    );
    expect(question!.starts.map((start) => query.slice(start).split(/\W/)[0])).toEqual(
      expect.arrayContaining(['How', 'annual', 'leave']),
    );
    for (const { text, alignment, trace } of hits) {
      const cosines = new Int8Array(Buffer.from(alignment!.cosines, 'base64'));
      expect(cosines).toHaveLength(question!.starts.length * alignment!.starts.length);
      expect(Math.max(...alignment!.starts)).toBeLessThan(text.length);
      expect(alignment!.starts).toContain(-1);
      expect(trace.rerankScore).not.toBeNull();
    }
  });

  it('aligns by another model where the embedder gives no states of tokens, and leaves the order', async () => {
    const registry = new ServiceRegistry({}, new ContextToken(Buffer.alloc(32, 1)));
    const handlers = inferenceHandlers(inference);
    const [own] = await inference.embeddingModels();
    registry.serve('inference', {
      ...handlers,
      embeddingModels: async () => [
        { ...own!, tokenStates: false },
        { ...own!, name: 'other' },
      ],
      embed: async ({ model, ...input }) => {
        const { tokenStates, ...result } = await handlers.embed(input);
        return model === 'other' ? { ...result, ...(tokenStates ? { tokenStates } : {}) } : result;
      },
    });
    const service = serviceWith(registry);
    const { hits, question, reranker } = await search(owner, 'annual leave', { alignments: true }, service);
    expect(reranker).toBeNull();
    expect(question!.weights.length).toBeGreaterThan(0);
    expect(hits.slice(0, 4).every(({ alignment }) => alignment !== undefined)).toBe(true);
    expect((await search(owner, 'annual leave', {}, service)).question).toBeUndefined();
  });

  it('leaves a single channel as it is unless told otherwise', async () => {
    for (const mode of ['LEXICAL', 'VECTOR'] as const) {
      const { hits, reranker } = await search(owner, 'annual leave', { mode });
      expect(reranker).toBeNull();
      for (const { score, trace } of hits) expect(score).toBe(trace.fusedScore);
    }
    expect((await search(owner, 'annual leave', { mode: 'VECTOR', rerank: true })).reranker).toBe(
      'late-interaction',
    );
  });

  it('compares with no token states that the caller may not read', async () => {
    const { hits } = await search(owner, FALCON, { topK: 100 });
    const scope = { knowledgeBaseIds: [handbook], principals: undefined, filter: [] };
    const ids = hits.map(({ chunkId }) => chunkId);
    const space = await asPrincipal(owner, () =>
      db.database.tenant((manager) =>
        manager.query<{ space: string }[]>('select distinct embedding_model as space from chunk_state'),
      ),
    );
    const states = (principal: Principal, principals?: string[]) =>
      asPrincipal(principal, async () => {
        const read: string[] = [];
        const keep = ({ chunkId }: { chunkId: string }) => void read.push(chunkId);
        await new CandidateRepository(db.database).states(
          { ...scope, principals },
          space[0]!.space,
          ids,
          keep,
        );
        return read;
      });
    expect(await states(owner)).toHaveLength(ids.length);
    expect(await states(stranger)).toEqual([]);
    const readable = await states(owner, [newId()]);
    expect(readable.length).toBeGreaterThan(0);
    expect(readable.length).toBeLessThan(ids.length);
  });

  describe('with a cross-encoder configured', () => {
    let modelsDir: string;
    let configured: Inference;
    beforeAll(async () => {
      modelsDir = await mkdtemp(join(tmpdir(), 'midplane-rerankers-'));
      const tokenizer = fileURLToPath(new URL(`../../../inference/models/${SHIPPED_MODEL}`, import.meta.url));
      // A real graph, run as any; its weights are not learnt, but count the tokens that both share.
      await writeOverlapModel(join(modelsDir, 'overlap'), { tokenizer });
      configured = createInference({ modelsDir, rerankModel: 'overlap' });
    });
    afterAll(async () => {
      await configured.close();
      await rm(modelsDir, { recursive: true });
    });

    const configuredService = (): SearchService => {
      const registry = registryWith((model) => model, configured);
      const model = new ConfiguredModel(registry, logger);
      const candidates = new CandidateRepository(db.database);
      const preferred = new PreferredReranker(
        model,
        new InferenceReranker(model, candidates, registry),
        new LateInteractionReranker(aligner),
        logger,
      );
      return serviceWith(registry, preferred);
    };

    it('lets it decide the order, with scores of its own, and says its name', async () => {
      const query = 'annual leave';
      const { hits, reranker } = await search(owner, query, {}, configuredService());
      expect(reranker).toBe('overlap');
      expect(hits.length).toBeGreaterThan(2);
      const texts = hits.map((hit) => passageText(hit));
      const { scores } = await configured.rerank({ query, texts, urgency: 'interactive' });
      expect(hits.map(({ score }) => score)).toEqual(scores);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
      for (const { score, trace } of hits) expect(trace.rerankScore).toBe(score);
    });

    it('shows nobody a passage that they may not read', async () => {
      const seen = async (service: SearchService): Promise<string[]> => {
        const { hits } = await search(colleague, FALCON, {}, service);
        return hits.map(({ chunkId }) => chunkId).sort();
      };
      expect(await seen(configuredService())).toEqual(await seen(serviceWith()));
    });

    it('goes by late interaction while it cannot answer, and says so', async () => {
      const service = configuredService();
      expect((await search(owner, 'annual leave', {}, service)).reranker).toBe('overlap');
      const graph = join(modelsDir, 'overlap/onnx/model.onnx');
      const whole = await readFile(graph);
      await configured.close();
      await writeFile(graph, 'damaged');
      const result = await search(owner, 'annual leave', {}, service);
      await writeFile(graph, whole);
      const standing = await search(owner, 'annual leave');
      expect(result.reranker).toBe('late-interaction');
      expect(result.hits).toEqual(standing.hits);
      expect((await search(owner, 'annual leave', {}, service)).reranker).toBe('overlap');
    });
  });

  it('keeps the fused order where the reranker is down', async () => {
    const down: Reranker = {
      name: 'down',
      limit: 50,
      rerank: async () => {
        throw new UserError('MODEL_UNAVAILABLE', { model: 'down', reason: 'it is down' });
      },
    };
    const without = await search(owner, 'annual leave', { rerank: false });
    const result = await search(owner, 'annual leave', {}, serviceWith(registryWith(), down));
    expect(result.reranker).toBeNull();
    expect(result.hits.map(({ chunkId }) => chunkId)).toEqual(without.hits.map(({ chunkId }) => chunkId));
  });

  it('refuses a question with nothing in it, and one that is none', async () => {
    for (const query of ['', '  \n', 'x'.repeat(4001)])
      await expect(search(owner, query)).rejects.toMatchObject({
        problem: { code: 'INVALID_INPUT', params: { field: 'query' } },
      });
  });

  it('refuses those who may not search', async () => {
    const auditor = await createPrincipal(db.database, { tenantId: owner.tenantId, roles: ['auditor'] });
    await expect(search(auditor, FALCON)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('notices that the embedder has changed since the last search', async () => {
    let revision: string | undefined = undefined;
    const service = serviceWith(
      registryWith((model) => ({ ...model, revision: revision ?? model.revision })),
    );
    const first = await search(owner, 'annual leave', {}, service);
    const second = await search(owner, 'annual leave', {}, service);
    expect(second.hits).toEqual(first.hits);
    revision = 'changed';
    await expect(search(owner, 'annual leave', {}, service)).rejects.toMatchObject({
      code: 'EMBEDDER_MISMATCH',
    });
  });

  it('compares a question with vectors of the same embedder only', async () => {
    const changed = serviceWith(registryWith((model) => ({ ...model, revision: 'changed' })));
    await expect(search(owner, FALCON, {}, changed)).rejects.toMatchObject({ code: 'EMBEDDER_MISMATCH' });
    expect(await found(owner, FALCON, { mode: 'LEXICAL' }, changed)).toContain('merger');

    const lost = newId();
    await db.database.tenantOf(owner.tenantId, (manager) =>
      manager.query(
        `insert into knowledge_base (id, tenant_id, name, embedding_model, embedding_revision, dimension)
         values ($1, $2, 'lost', 'a-model-that-is-gone', 'r', 384)`,
        [lost, owner.tenantId],
      ),
    );
    await expect(search(owner, FALCON, { knowledgeBaseIds: [lost] })).rejects.toMatchObject({
      problem: { code: 'EMBEDDER_MISMATCH', params: { name: 'lost', bound: 'a-model-that-is-gone@r' } },
    });
  });
});
