import type { Ranking } from '@midplane/contracts';
import { describe, expect, it } from 'vitest';
import { DEFAULT_RANKING, rankingOf } from '../ranking.js';
import { fit, halvesOf } from './fit.js';
import { changeOf, measuresOf, signTest } from './measures.js';
import { type Judged, type QuestionTrace, ranksOf } from './replay.js';

/** A question whose right passage has the words, but not all of them, and whose nearest passage has none. */
const byWords = (i: number, judged: QuestionTrace['judged'] = null): QuestionTrace => ({
  question: `question ${i}`,
  channels: {
    lexical: { found: [{ chunkId: 'right', score: 2 }], reach: 10 },
    vector: [
      [
        { chunkId: 'near', score: 0.9 },
        { chunkId: 'right', score: 0.8 },
      ],
    ],
  },
  judged,
  reranked: 40,
  right: new Set(['right']),
});
const twenty = (make: (i: number) => QuestionTrace) => Array.from({ length: 20 }, (_, i) => make(i));

const judged = (right: Judged, near: Judged) => new Map(Object.entries({ right, near }));

describe('fitting', () => {
  it('weighs the words more where they find what the vectors do not', async () => {
    const current = { ...DEFAULT_RANKING, lexicalWeight: 0.4 };
    const found = await fit(twenty(byWords), current);
    expect(found.fitted.lexicalWeight).toBeGreaterThan(0.82);
    expect(found.fitted.coverage).toBe(current.coverage);
    expect(found).toMatchObject({
      fittedOn: 10,
      heldOut: 10,
      before: { recallAt1: 0, recallAt5: 1, mrr: 0.5 },
      after: { recallAt1: 1, recallAt5: 1, mrr: 1 },
      better: 10,
      worse: 0,
      pValue: 2 ** -9,
    });
  });

  it('lets coverage count more beside the closeness of tokens', async () => {
    const close = judged(
      { closeness: 0.5, across: 0, lexical: 2, translated: 0 },
      { closeness: 0.701, across: 0, lexical: 0, translated: 0 },
    );
    const { fitted, after } = await fit(
      twenty((i) => byWords(i, close)),
      DEFAULT_RANKING,
    );
    // .5 + coverage × .2 beats .7 where coverage counts more than 1.
    expect(fitted).toEqual({ ...DEFAULT_RANKING, coverage: 1.5 });
    expect(after.mrr).toBe(1);
  });

  it('changes nothing that the questions say nothing about', async () => {
    const scored = judged({ score: 0.9 }, { score: 0.1 });
    const current: Ranking = { lexicalWeight: 0.33, coverage: 0.77 };
    expect(
      await fit(
        twenty((i) => byWords(i, scored)),
        current,
      ),
    ).toMatchObject({
      fitted: current,
      better: 0,
      worse: 0,
      pValue: 1,
      before: { mrr: 1 },
      after: { mrr: 1 },
    });
  });

  it('puts a question into the same half whatever the others are called', () => {
    const questions = twenty(byWords);
    const { fitting, heldOut } = halvesOf(questions);
    expect(halvesOf(questions.toReversed())).toEqual({ fitting, heldOut });
    expect(new Set([...fitting, ...heldOut]).size).toBe(20);
  });
});

describe('replaying', () => {
  it('gives the reranker the first of the fused candidates only', () => {
    const trace = { ...byWords(0, judged({ score: 0.9 }, { score: 0.1 })), reranked: 1 };
    const [words, vectors] = ranksOf(trace, [
      { lexicalWeight: 0.99, coverage: 0 },
      { lexicalWeight: 0.1, coverage: 0 },
    ]);
    expect([words, vectors]).toEqual([1, Infinity]);
  });

  it('leaves out what the reranker did not find any more', () => {
    expect(ranksOf(byWords(0, new Map([['near', { score: 0.1 }]])), [DEFAULT_RANKING])).toEqual([Infinity]);
  });
});

describe('measuring', () => {
  it('counts what is not found as nothing', () => {
    expect(measuresOf([1, 2, 5, Infinity])).toEqual({ recallAt1: 0.25, recallAt5: 0.75, mrr: 1.7 / 4 });
  });

  it('compares each question with itself', () => {
    expect(changeOf([2, Infinity, 1, 1], [1, 3, 1, 2])).toEqual({ better: 2, worse: 1, pValue: 1 });
  });

  // Two-sided values of the binomial distribution with p = 1/2.
  it.each([
    [0, 0, 1],
    [5, 0, 0.0625],
    [1, 9, 0.021484375],
    [15, 5, 0.04138946533203125],
    [250, 250, 1],
  ])('tells a difference from chance: %i better, %i worse', (better, worse, p) => {
    expect(signTest(better, worse)).toBeCloseTo(p, 12);
  });
});

describe('several knowledge bases', () => {
  const own: Ranking = { lexicalWeight: 0.9, coverage: 1 };
  it.each([
    [[{ ranking: null }], DEFAULT_RANKING],
    [[{ ranking: own }], own],
    [[{ ranking: own }, { ranking: { ...own } }], own],
    [[{ ranking: own }, { ranking: null }], DEFAULT_RANKING],
    [[{ ranking: own }, { ranking: { ...own, coverage: 2 } }], DEFAULT_RANKING],
    [[{ ranking: DEFAULT_RANKING }, { ranking: null }], DEFAULT_RANKING],
  ])('are ranked by what all of them have, else by the defaults (%#)', (bases, expected) => {
    expect(rankingOf(bases)).toEqual(expected);
  });
});
