import { describe, expect, it } from 'vitest';
import { reachOf } from './lexical-weights.js';

const score = (idf: number, times: number, average: number) =>
  (idf * 2.2 * times) / (times + 1.2 * (0.25 + (0.75 * times) / average));

describe('the highest score that a question could reach', () => {
  it.each([3, 4, 57.5, 900])('is the sum of idf × (k1 + 1), whatever the average length (%d)', (average) => {
    const idfs = [0.5, 4.2, 9.1];
    const scores = idfs.map((idf): [number, number] => [score(idf, 1, average), score(idf, 2, average)]);
    expect(reachOf(scores, 1000)).toBeCloseTo(2.2 * (0.5 + 4.2 + 9.1), 6);
  });

  it('counts a word that the index does not have as one that stands nowhere', () => {
    expect(reachOf([[0, 0]], 1000)).toBeCloseTo(2.2 * Math.log(1 + 1000.5 / 0.5), 9);
    expect(reachOf([[0, 0]], 1000)).toBeGreaterThan(reachOf([[score(6, 1, 50), score(6, 2, 50)]], 1000));
  });

  it('is nothing for no words', () => {
    expect(reachOf([], 1000)).toBe(0);
  });
});
