import { packPassageStates, type PassageStates, STATE_LEVELS, STATE_SCALE } from '@midplane/contracts';
import { describe, expect, it } from 'vitest';
import { randomOf } from '../../../testing/random.js';
import { meetingOf } from './matches.js';
import { compareTokens, type Similarities } from './compare-tokens.js';

const closenessOf = (found: Similarities, weights: Float32Array) => meetingOf(found, weights).closeness;

function passage(tokens: number, dimension: number, seed: number): PassageStates {
  const random = randomOf(seed);
  return {
    starts: Uint16Array.from({ length: tokens }, (_, i) => 3 * i),
    scales: Uint8Array.from({ length: tokens }, () => 110 + Math.floor(random() * 40)),
    codes: Uint8Array.from({ length: (tokens * dimension) / 4 }, () => Math.floor(random() * 256)),
  };
}

function question(tokens: number, dimension: number, seed: number): Float32Array {
  const random = randomOf(seed);
  const values = Float32Array.from({ length: tokens * dimension }, () => random() + random() - 1);
  for (let token = 0; token < tokens; token++) {
    const own = values.subarray(token * dimension, (token + 1) * dimension);
    const length = Math.hypot(...own);
    for (let d = 0; d < dimension; d++) own[d]! /= length;
  }
  return values;
}

/** The cosine by the book: decode, multiply, add. */
function cosine(
  values: Float32Array,
  row: number,
  { scales, codes }: PassageStates,
  token: number,
  dimension: number,
) {
  let sum = 0;
  for (let d = 0; d < dimension; d++) {
    const at = token * dimension + d;
    const level = STATE_LEVELS[(codes[at >> 2]! >> (2 * (at & 3))) & 3]!;
    sum += values[row * dimension + d]! * level;
  }
  return (sum * (scales[token]! / STATE_SCALE)) / Math.sqrt(dimension);
}

/** A question with one passage. */
const compare = (values: Float32Array, dimension: number, packed: Uint8Array): Similarities =>
  compareTokens(values, dimension, [packed])[0]!;

describe('compareTokens', () => {
  it.each([
    [1, 384],
    [2, 384],
    [15, 384],
    [31, 768],
    [7, 1024],
    [4, 64],
  ])('gives the cosines of %i question tokens of %i dimensions', (tokens, dimension) => {
    const values = question(tokens, dimension, 11);
    const states = passage(23, dimension, 5);
    const { values: cosines, starts } = compare(values, dimension, packPassageStates(states));
    expect(starts).toEqual(states.starts);
    expect(cosines).toHaveLength(tokens * 23);
    for (let row = 0; row < tokens; row++)
      for (let token = 0; token < 23; token++)
        expect(
          Math.abs(cosines[row * 23 + token]! - cosine(values, row, states, token, dimension)),
        ).toBeLessThan(0.002);
  });

  it('reads states wherever they lie in memory', () => {
    const states = passage(5, 384, 2);
    const packed = packPassageStates(states);
    const shared = Buffer.concat([Buffer.from([7]), packed, Buffer.from([7])]).subarray(1, packed.length + 1);
    const asked = question(2, 384, 1);
    expect(compare(asked, 384, shared)).toEqual(compare(asked, 384, packed));
    expect(compare(asked, 384, shared).starts).toEqual(states.starts);
  });

  it('finds the best match of each question token', () => {
    const values = question(5, 384, 3);
    const states = passage(40, 384, 9);
    const found = compare(values, 384, packPassageStates(states));
    const { best } = meetingOf(found, new Float32Array(5).fill(1));
    for (let row = 0; row < 5; row++) {
      const cosines = [...found.values.slice(row * 40, row * 40 + 40)];
      expect(best.cosines[row]).toBe(Math.max(...cosines));
      expect(best.starts[row]).toBe(states.starts[cosines.indexOf(Math.max(...cosines))]);
    }
  });

  it('finds a passage closer where what is asked for stands together', () => {
    const weights = new Float32Array([1, 1]);
    // Two passages of 60 tokens with the same best cosines: in one 3 tokens apart, in the other 50.
    const meeting = (second: number) => {
      const cosines = new Float32Array(120).fill(0.1);
      cosines[2] = 0.8;
      cosines[60 + second] = 0.8;
      return { values: cosines, starts: new Uint16Array(60) };
    };
    const together = closenessOf(meeting(5), weights);
    expect(together).toBeCloseTo(0.8, 5);
    expect(closenessOf(meeting(52), weights)).toBeLessThan(together);
    expect(closenessOf({ values: new Float32Array(), starts: new Uint16Array() }, weights)).toBe(0);
  });

  it('looks for the best stretch a quarter of its length further on each time', () => {
    const weights = new Float32Array([1, 8, 3]);
    const random = randomOf(4);
    for (const width of [1, 5, 23, 24, 25, 60, 61, 333]) {
      const values = Float32Array.from({ length: 3 * width }, () => random() - 0.2);
      const over = (from: number, to: number) =>
        weights.reduce(
          (sum, weight, row) =>
            sum + weight * Math.max(...values.slice(row * width + from, row * width + to)),
          0,
        ) / 12;
      let nearest = over(0, Math.min(24, width));
      for (let from = 6; from + 18 < width; from += 6)
        nearest = Math.max(nearest, over(from, Math.min(width, from + 24)));
      const expected = 0.4 * Math.max(0, over(0, width)) + 0.6 * Math.max(0, nearest);
      expect(closenessOf({ values, starts: new Uint16Array(width) }, weights)).toBeCloseTo(expected, 5);
    }
  });

  it('keeps several passages apart', () => {
    const values = question(6, 384, 8);
    const packed = [9, 200, 31].map((tokens, i) => packPassageStates(passage(tokens, 384, i + 1)));
    const together = compareTokens(values, 384, packed);
    expect(together).toEqual(packed.map((each) => compare(values, 384, each)));
  });

  it('knows a passage without tokens, and refuses bytes that are no states', () => {
    const asked = question(2, 384, 1);
    const none = compare(asked, 384, new Uint8Array());
    expect(meetingOf(none, new Float32Array(2)).best.cosines).toEqual(new Float32Array(2));
    expect(() => compare(asked, 384, new Uint8Array(100))).toThrow(
      '100 bytes are no states of 384 dimensions',
    );
  });
});
