import type {
  RatedQuestion,
  Ranking,
  RankingMeasures,
  SearchResult,
  TuneInput,
  TuningView,
} from '@midplane/contracts';
import { createLogger, newId, type Principal } from '@midplane/kernel';
import { asPrincipal, createPrincipal } from '@midplane/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BootedKnowledge, bootKnowledge } from '../../testing/boot-knowledge.js';
import { writePassages, type WrittenPassage } from '../../testing/write-passages.js';
import { CandidateRepository } from '../candidates/candidate.repository.js';
import { DEFAULT_RANKING } from '../ranking.js';
import { TokenAligner } from '../rerank/late-interaction/token-aligner.js';
import { TokenScorer } from '../rerank/late-interaction/token-scorer.js';
import type { Reranker } from '../rerank/reranker.port.js';
import { SearchService } from '../search.service.js';
import { halvesOf } from './fit.js';
import { measuresOf } from './measures.js';
import { TuningService } from './tuning.service.js';

const CODES = Array.from({ length: 48 }, (_, i) => `KX-${4100 + 7 * i}`);

/** Rows of a catalogue, which only their codes tell apart, … */
const CATALOGUE: WrittenPassage[] = CODES.map((code, i) => ({
  title: `Sheet ${i + 1}`,
  text: `${code}: bracket, zinc, ${3 + (i % 5)} holes. Shelf ${i % 9}.`,
  page: 1 + (i % 3),
}));

/** … among passages that say what such questions are like. */
const TALK: WrittenPassage[] = Array.from({ length: 72 }, (_, i) => ({
  title: `Note ${i + 1}`,
  text: [
    `A colleague wanted to know yesterday whether somebody could tell him where spare pieces are kept, case ${i}.`,
    `Could you please tell me what to do when a customer asks for a replacement, and who is in charge? Call ${i}.`,
    `Good morning! Whoever needs a part urgently should ask the warehouse team first; request ${i} shows why.`,
  ][i % 3]!,
}));

const QUESTIONS: RatedQuestion[] = CODES.map((code, i) => ({
  question: `What should a customer do who needs ${code}?`,
  documentTitle: `sheet ${i + 1}`,
  page: 1 + (i % 3),
}));

let knowledge: BootedKnowledge;
let admin: Principal;
let base: string;
let chunkIds: string[];

const registry = () => knowledge.modules.kernel.registry;
const tune = (input: Partial<TuneInput> = {}, who = admin): Promise<TuningView> =>
  asPrincipal(who, () =>
    registry()
      .client('retrieval')
      .tune({ knowledgeBaseId: base, questions: QUESTIONS, ...input }),
  );
const search = (query: string): Promise<SearchResult> =>
  asPrincipal(admin, () =>
    registry()
      .client('retrieval')
      .search({ query, knowledgeBaseIds: [base] }),
  );
const kept = async () =>
  (
    await knowledge.query<{ ranking: Ranking | null }>('select ranking from knowledge_base where id = $1', [
      base,
    ])
  )[0]!.ranking;

beforeAll(async () => {
  knowledge = await bootKnowledge();
  ({ admin } = knowledge);
  const written = await writePassages(knowledge.modules.kernel, admin, [...CATALOGUE, ...TALK]);
  base = written.knowledgeBaseId;
  chunkIds = written.chunkIds;
});
afterAll(() => knowledge?.modules.close());

const RIGHT = new Map(QUESTIONS.map(({ question }, i) => [question, i]));
/** Ranks of the right passages in real searches. */
const liveRanks = (questions: readonly RatedQuestion[]): Promise<number[]> =>
  Promise.all(
    questions.map(async ({ question }) => {
      const { hits } = await search(question);
      const at = hits.findIndex(({ chunkId }) => chunkId === chunkIds[RIGHT.get(question)!]);
      return at < 0 ? Infinity : at + 1;
    }),
  );
/** A search shows ten hits, so that it knows of no rank below them. */
const recallsOf = ({ recallAt1, recallAt5 }: RankingMeasures) => ({ recallAt1, recallAt5 });
const order = async () => {
  const found = await Promise.all(QUESTIONS.slice(0, 8).map(({ question }) => search(question)));
  return found.map(({ hits }) => hits.map(({ chunkId }) => chunkId));
};
const audited = () =>
  knowledge.query(
    `select actor, detail from audit_event where action = 'knowledge-base.set-ranking' and subject = $1`,
    [base],
  );

describe('tuning', () => {
  it('shows on other questions what words would gain where only they tell passages apart, and changes nothing', async () => {
    const before = await order();
    const view = await tune();
    expect(view).toMatchObject({
      questions: 48,
      usable: 48,
      fittedOn: 24,
      heldOut: 24,
      reranker: 'late-interaction',
      current: DEFAULT_RANKING,
      applied: false,
    });
    expect(view.fitted.coverage).toBeGreaterThan(DEFAULT_RANKING.coverage);
    expect(view.after.recallAt1).toBeGreaterThan(view.before.recallAt1 + 0.2);
    expect(view.better).toBeGreaterThan(view.worse);
    expect(view.pValue).toBeLessThan(0.05);
    expect(await kept()).toBeNull();
    expect(await audited()).toEqual([]);
    expect(await order()).toEqual(before);
  });

  it('weighs the words more in the fused score, where nothing reranks', async () => {
    const { database } = knowledge.modules.kernel;
    const candidates = new CandidateRepository(database);
    const asTheyAre: Reranker = { name: 'none', limit: 40, rerank: async () => null };
    const scorer = new TokenScorer();
    const aligner = new TokenAligner(candidates, scorer);
    const logger = createLogger('silent', 'test');
    const searching = new SearchService(candidates, registry(), asTheyAre, aligner, logger);
    const tuning = new TuningService(searching, candidates, asTheyAre, registry());
    const questions = CODES.map((code, i) => ({
      question: `Who can tell me where the spare piece ${code} is kept?`,
      chunkId: chunkIds[i]!,
    }));
    const view = await asPrincipal(admin, () => tuning.tune({ knowledgeBaseId: base, questions }));
    expect(view.reranker).toBeNull();
    expect(view.fitted.lexicalWeight).toBeGreaterThan(DEFAULT_RANKING.lexicalWeight);
    expect(view.fitted.coverage).toBe(DEFAULT_RANKING.coverage);
    expect(view.after.recallAt5).toBeGreaterThan(view.before.recallAt5);
    expect(view.pValue).toBeLessThan(0.05);
    await scorer.onModuleDestroy();
  });

  it('measures what searches really do, before and after it is applied', async () => {
    const { heldOut } = halvesOf(QUESTIONS);
    const before = measuresOf(await liveRanks(heldOut));
    const view = await tune({ apply: true });
    expect(view.applied).toBe(true);
    expect(recallsOf(view.before)).toEqual(recallsOf(before));
    expect(await kept()).toEqual(view.fitted);
    expect(recallsOf(measuresOf(await liveRanks(heldOut)))).toEqual(recallsOf(view.after));
    expect(await audited()).toEqual([{ actor: admin.userId, detail: { before: null, after: view.fitted } }]);
    const { hits } = await search(QUESTIONS[0]!.question);
    for (const { trace } of hits) expect(trace.lexicalPart + trace.vectorPart).toBe(trace.fusedScore);

    const again = await tune({ apply: true });
    expect(again).toMatchObject({
      current: view.fitted,
      fitted: view.fitted,
      before: view.after,
      applied: false,
    });
  });

  it('is undone by giving back the defaults', async () => {
    const tuned = await order();
    const set = (ranking: Ranking | null, who = admin) =>
      asPrincipal(who, () => registry().client('ingest').setRanking({ id: base, ranking }));
    expect((await set(null)).ranking).toBeNull();
    expect(await kept()).toBeNull();
    expect(await order()).not.toEqual(tuned);
    await expect(set({ lexicalWeight: 1.1, coverage: 0 })).rejects.toThrow();
    await expect(set(null, await createPrincipal(knowledge.modules.kernel.database))).rejects.toMatchObject({
      code: 'KNOWLEDGE_BASE_NOT_FOUND',
    });
  });

  it('knows the right passage by each of its marks, and by all that are given', async () => {
    const usable = async (mark: (i: number) => Omit<RatedQuestion, 'question'>): Promise<number> =>
      (await tune({ questions: QUESTIONS.map(({ question }, i) => ({ question, ...mark(i) })) })).usable;
    expect(await usable((i) => ({ chunkId: chunkIds[i]! }))).toBe(48);
    expect(await usable((i) => ({ text: `ｋｘ-${4100 + 7 * i}:  BRACKET` }))).toBe(48);
    expect(
      await usable((i) => ({ documentTitle: `Sheet ${i + 1}.txt`, page: i < 30 ? 1 + (i % 3) : 9 })),
    ).toBe(30);
  });

  it('takes what users rated up, where no questions are given', async () => {
    await expect(tune({ questions: undefined })).rejects.toMatchObject({
      problem: { code: 'RATED_QUESTIONS_TOO_FEW', params: { given: 0, usable: 0, least: 20 } },
    });
    const conversation = newId();
    await knowledge.query(
      'insert into conversation (id, tenant_id, user_id, title) values ($1, $2, $3, $4)',
      [conversation, admin.tenantId, admin.userId, 'rated'],
    );
    for (const [i, { question }] of QUESTIONS.entries()) {
      const message = newId();
      const citations = [{ index: 1, chunkId: chunkIds[i], supported: true }];
      await knowledge.query(
        `insert into message (id, tenant_id, conversation_id, role, text, answer, rating)
         values ($1, $2, $3, 'ASSISTANT', '', $4, $5)`,
        [message, admin.tenantId, conversation, { erased: false, citations }, i < 30 ? 'UP' : 'DOWN'],
      );
      await knowledge.query(
        'insert into answer_manifest (id, tenant_id, message_id, manifest) values ($1, $2, $3, $4)',
        [newId(), admin.tenantId, message, { question: { searched: question }, knowledgeBaseIds: [base] }],
      );
    }
    expect(await tune({ questions: undefined })).toMatchObject({ questions: 30, usable: 30, fittedOn: 15 });
  });

  it('refuses too few questions, and counts those whose right passage is nowhere to be found', async () => {
    const few = [...QUESTIONS.slice(0, 19), { ...QUESTIONS[3]!, question: ` ${QUESTIONS[3]!.question}` }];
    await expect(tune({ questions: few })).rejects.toMatchObject({
      problem: { code: 'RATED_QUESTIONS_TOO_FEW', params: { field: 'questions', given: 19, least: 20 } },
    });
    const lost = QUESTIONS.map((each, i) => (i < 19 ? each : { ...each, documentTitle: 'No such sheet' }));
    await expect(tune({ questions: lost, apply: true })).rejects.toMatchObject({
      problem: { code: 'RATED_QUESTIONS_TOO_FEW', params: { given: 48, usable: 19 } },
    });
    await expect(tune({ questions: QUESTIONS.map(({ question }) => ({ question })) })).rejects.toThrow();
    const many = Array.from({ length: 501 }, (_, i) => ({ question: `${i}?`, text: 'x' }));
    await expect(tune({ questions: many })).rejects.toThrow();
    expect(await kept()).toBeNull();
  });

  it('is for those who may change the knowledge base', async () => {
    const { database } = knowledge.modules.kernel;
    const stranger = await createPrincipal(database, { roles: ['administrator'] });
    for (const questions of [QUESTIONS, undefined])
      await expect(tune({ apply: true, questions }, stranger)).rejects.toMatchObject({
        code: 'KNOWLEDGE_BASE_NOT_FOUND',
      });
    const reader = await createPrincipal(database, { tenantId: admin.tenantId, roles: ['application'] });
    await expect(tune({ apply: true }, reader)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await kept()).toBeNull();
  });
});
