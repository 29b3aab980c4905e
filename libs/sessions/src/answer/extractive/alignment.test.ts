import type { SearchHit } from '@midplane/contracts';
import { describe, expect, it } from 'vitest';
import { closenessOf, HitAlignment } from './alignment.js';

const hit = {
  text: 'ab cd ef',
  alignment: {
    starts: [-1, 0, 3, 6],
    // Two tokens of the question.
    cosines: Buffer.from(Int8Array.from([127, 0, 64, 10, 127, 20, -30, 127]).buffer).toString('base64'),
  },
} as SearchHit;
// The second one counts eight times as much.
const question = { starts: [0, 4], weights: [1, 8] };

describe('HitAlignment', () => {
  it('takes the best match of each token of the question within the spans', () => {
    const alignment = new HitAlignment(hit, question);
    const one = alignment.meeting([[0, 2]]);
    expect([...one.best]).toEqual([0, expect.closeTo(20 / 127, 6)]);
    expect(one).toMatchObject({ tokens: 1, met: 0 });
    const two = alignment.meeting([
      [3, 5],
      [6, 8],
    ]);
    expect([...two.best]).toEqual([expect.closeTo(64 / 127, 6), 1]);
    // Only "ef" meets anything by more than .6.
    expect(two).toMatchObject({ tokens: 2, met: 0.5 });
  });

  it('leaves out the tokens of headings, and is 0 where nothing is known', () => {
    expect(new HitAlignment(hit, question).meeting([[9, 20]])).toMatchObject({ tokens: 0, met: 0 });
    for (const unknown of [
      new HitAlignment({ ...hit, alignment: undefined }, question),
      new HitAlignment(hit, undefined),
    ])
      expect(closenessOf(unknown.meeting([[0, 8]]).best, question.weights)).toBe(0);
  });
});

describe('closenessOf', () => {
  it('is the mean by weight, and never below 0', () => {
    expect(closenessOf([0, 0.9], [1, 8])).toBeCloseTo(0.8, 6);
    expect(closenessOf([-1, 0], [1, 8])).toBe(0);
    expect(closenessOf([1], [])).toBe(0);
  });
});
