import type { SearchHit } from '@midplane/contracts';
import { describe, expect, it } from 'vitest';
import { HitAlignment } from './alignment.js';

const hit = {
  text: 'ab cd ef',
  alignment: {
    starts: [-1, 0, 3, 6],
    // Two tokens of the question, the second of which counts eight times as much.
    cosines: Buffer.from(Int8Array.from([127, 0, 64, 10, 127, 20, -30, 127]).buffer).toString('base64'),
  },
} as SearchHit;
const question = { starts: [0, 4], weights: [1, 8] };

describe('HitAlignment', () => {
  it('takes the best match of each token of the question within the spans, by its weight', () => {
    const alignment = new HitAlignment(hit, question);
    expect(alignment.closeness([[0, 2]])).toBeCloseTo((0 + 8 * 20) / 127 / 9, 6);
    expect(
      alignment.closeness([
        [3, 5],
        [6, 8],
      ]),
    ).toBeCloseTo((64 + 8 * 127) / 127 / 9, 6);
  });

  it('leaves out the tokens of headings, and is 0 where nothing is known', () => {
    expect(new HitAlignment(hit, question).closeness([[9, 20]])).toBe(0);
    expect(new HitAlignment({ ...hit, alignment: undefined }, question).closeness([[0, 8]])).toBe(0);
    expect(new HitAlignment(hit, undefined).closeness([[0, 8]])).toBe(0);
  });
});
