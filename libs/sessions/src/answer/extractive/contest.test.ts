import { describe, expect, it } from 'vitest';
import type { Meeting } from './alignment.js';
import { Contest } from './contest.js';

const meeting = (...best: number[]): Meeting => ({ best: Float32Array.from(best), tokens: 1, met: 0 });

describe('Contest', () => {
  it('gives a token to the sentence that meets it better, and shares what all meet alike', () => {
    const sentences = [meeting(0.9, 0.8), meeting(0.9, 0.2), meeting(0.1, 0.2)];
    const contest = new Contest(sentences, [1, 3]);
    const shares = sentences.map((sentence) => contest.share(sentence));
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
    // Half of the first token, which counts a quarter, and nearly all of the second.
    expect(shares[0]).toBeCloseTo(0.125 + 0.75, 2);
    expect(shares[1]).toBeCloseTo(0.125, 2);
    expect(shares[2]).toBeLessThan(0.01);
  });

  it('knows what is met best before and after a sentence', () => {
    const contest = new Contest([meeting(0.9, 0.1), meeting(0.2, 0.1), meeting(0.3, 0.6)], [1, 3]);
    expect(contest.around(0)).toEqual({ earlier: 0, later: 0.75 });
    expect(contest.around(1)).toEqual({ earlier: 0.25, later: 0.75 });
    expect(contest.around(2)).toEqual({ earlier: 0.25, later: 0 });
  });

  it('has nothing to give without tokens', () => {
    expect(new Contest([meeting()], []).share(meeting())).toBe(0);
  });
});
