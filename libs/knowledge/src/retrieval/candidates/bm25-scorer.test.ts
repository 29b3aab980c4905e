import { describe, expect, it } from 'vitest';
import { Bm25Scorer, TextRanking } from './bm25-scorer.js';
import { reachOf, weightsOf, type WordWeight } from './lexical-weights.js';

/** BM25 of a text of `length` words that holds the word some times. */
const score = (idf: number, times: number, average: number, length = times) =>
  (idf * 2.2 * times) / (times + 1.2 * (0.25 + (0.75 * length) / average));

const IDFS = { leave: 0.5, annual: 4.2, proportion: 9.1 };
const weightsIn = (average: number) =>
  weightsOf(
    Object.keys(IDFS),
    Object.values(IDFS).map((idf): [number, number] => [score(idf, 1, average), score(idf, 2, average)]),
  );

const scoreOf = (text: string, weights: WordWeight[]) => new Bm25Scorer(weights).score(Buffer.from(text));

describe('the highest score that a question could reach', () => {
  it.each([3, 4, 57.5, 900])('is the sum of idf × (k1 + 1), whatever the average length (%d)', (average) => {
    expect(reachOf(weightsIn(average), 0, 1000)).toBeCloseTo(2.2 * (0.5 + 4.2 + 9.1), 6);
  });

  it('counts a word that the index does not have as one that stands nowhere', () => {
    expect(weightsOf(['leef'], [[0, 0]])).toEqual([]);
    expect(reachOf([], 1, 1000)).toBeCloseTo(2.2 * Math.log(1 + 1000.5 / 0.5), 9);
    const seen = weightsOf(['leaf'], [[score(6, 1, 50), score(6, 2, 50)]]);
    expect(reachOf([], 1, 1000)).toBeGreaterThan(reachOf(seen, 0, 1000));
  });

  it('is nothing for no words', () => {
    expect(reachOf([], 0, 1000)).toBe(0);
  });
});

describe('the score of a text', () => {
  it('is what the index would give it', () => {
    const weights = weightsIn(7);
    const text = 'annual leave of part time staff in proportion to leave';
    const expected =
      score(IDFS.leave, 2, 7, 10) + score(IDFS.annual, 1, 7, 10) + score(IDFS.proportion, 1, 7, 10);
    expect(scoreOf(text, weights)).toBeCloseTo(expected, 6);
    expect(scoreOf('unannual leaves', weights)).toBe(0);
    expect(scoreOf('', weights)).toBe(0);
  });
});

describe('the texts that hold the words best', () => {
  const weights = weightsIn(7);
  const bestOf = (texts: string[], words: string[], given: WordWeight[], limit: number) => {
    const ranking = new TextRanking(words);
    for (const [i, text] of texts.entries()) ranking.add(`id-${i}`, Buffer.from(text));
    return ranking.best(given, limit);
  };
  const words = [...Object.keys(IDFS), 'unseen'];

  it('are those of the highest scores, with the scores that the index would give them', () => {
    const texts = [
      'staff unseen',
      'leave',
      'annual leave',
      'leaves annually',
      '',
      'proportion of annual leave',
    ];
    const best = bestOf(texts, words, weights, 3);
    expect(best).toEqual([5, 2, 1].map((i) => ({ chunkId: `id-${i}`, score: scoreOf(texts[i]!, weights) })));
    expect(bestOf(texts, words, weights, 50)).toHaveLength(3);
  });

  it('are counted by whole words in any script, among any number of texts', () => {
    const chinese = weightsOf(
      ['年', '年假'],
      [
        [score(3, 1, 7), score(3, 2, 7)],
        [score(5, 1, 7), score(5, 2, 7)],
      ],
    );
    const texts = Array.from({ length: 2_500 }, (_, i) =>
      i === 2_100 ? '年 年 年假 员工' : '年假期 员工 假年',
    );
    const [one, ...others] = bestOf(texts, ['年', '年假'], chinese, 50);
    expect(one).toEqual({ chunkId: 'id-2100', score: scoreOf('年 年 年假 员工', chinese) });
    expect(one!.score).toBeCloseTo(score(3, 2, 7, 4) + score(5, 1, 7, 4), 6);
    expect(others).toEqual([]);
  });
});
