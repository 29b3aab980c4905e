import { packPassageStates, type PassageStates, STATE_LEVELS, STATE_SCALE } from '@midplane/contracts';
import { describe, expect, it } from 'vitest';
import { bestMatches, closenessOf } from './matches.js';
import { QuestionTables } from './question-tables.js';

function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

function passage(tokens: number, dimension: number, seed: number): PassageStates {
  const random = randomNumbers(seed);
  return {
    starts: Uint16Array.from({ length: tokens }, (_, i) => 3 * i),
    scales: Uint8Array.from({ length: tokens }, () => 110 + Math.floor(random() * 40)),
    codes: Uint8Array.from({ length: (tokens * dimension) / 4 }, () => Math.floor(random() * 256)),
  };
}

function question(tokens: number, dimension: number, seed: number): Float32Array {
  const random = randomNumbers(seed);
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

describe('QuestionTables', () => {
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
    const tables = new QuestionTables({ values }, dimension);
    const { values: cosines, starts } = tables.similarities(packPassageStates(states));
    expect(starts).toEqual(states.starts);
    expect(cosines).toHaveLength(tokens * 23);
    for (let row = 0; row < tokens; row++)
      for (let token = 0; token < 23; token++)
        expect(
          Math.abs(cosines[row * 23 + token]! - cosine(values, row, states, token, dimension)),
        ).toBeLessThan(0.004);
  });

  it('reads states wherever they lie in memory', () => {
    const states = passage(5, 384, 2);
    const packed = packPassageStates(states);
    const shared = Buffer.concat([Buffer.from([7]), packed, Buffer.from([7])]).subarray(1, packed.length + 1);
    const tables = new QuestionTables({ values: question(2, 384, 1) }, 384);
    expect(tables.similarities(shared)).toEqual(tables.similarities(packed));
    expect(tables.similarities(shared).starts).toEqual(states.starts);
  });

  it('finds the best match of each question token', () => {
    const values = question(5, 384, 3);
    const states = passage(40, 384, 9);
    const found = new QuestionTables({ values }, 384).similarities(packPassageStates(states));
    const best = bestMatches(found, 5);
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

  it('knows a passage without tokens, and refuses bytes that are no states', () => {
    const tables = new QuestionTables({ values: question(2, 384, 1) }, 384);
    const none = tables.similarities(new Uint8Array());
    expect(bestMatches(none, 2).cosines).toEqual(new Float32Array(2));
    expect(() => tables.similarities(new Uint8Array(100))).toThrow(
      '100 bytes are no states of 384 dimensions',
    );
  });
});
