import { Tensor } from '@huggingface/transformers';
import { describe, expect, it } from 'vitest';
import { batchesOf, rowOf, stack, type Encoded } from './batches.js';

describe('batchesOf', () => {
  it('takes one text at a time, in their order, where there are no batches', () => {
    expect(batchesOf([3, 9, 1], { tokens: 0 })).toEqual([[0], [1], [2]]);
    expect(batchesOf([], { tokens: 0 })).toEqual([]);
  });

  it('puts texts of about the same length together', () => {
    expect(batchesOf([10, 100, 11, 98, 12], { tokens: 200 })).toEqual([
      [1, 3],
      [4, 2, 0],
    ]);
  });

  it('leaves long texts alone where they are to share no batch', () => {
    expect(batchesOf([10, 100, 11, 98, 12, 13], { tokens: 200, longest: 50 })).toEqual([
      [1],
      [3],
      [5, 4, 2, 0],
    ]);
  });

  it('counts padding: no batch holds more than is allowed, but for one text alone', () => {
    const lengths = Array.from({ length: 300 }, (_, i) => 1 + ((i * 7919) % 500));
    const batches = batchesOf(lengths, { tokens: 400 });
    expect(batches.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
    for (const batch of batches) {
      const longest = Math.max(...batch.map((i) => lengths[i]!));
      expect(batch.length === 1 || longest * batch.length <= 400).toBe(true);
    }
    expect(batches.length).toBeLessThan(lengths.length);
  });
});

describe('stack', () => {
  const row = (...ids: number[]): Encoded => ({
    input_ids: new Tensor('int64', BigInt64Array.from(ids.map(BigInt)), [1, ids.length]),
    attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), [1, ids.length]),
  });

  it('pads behind the shorter ones, where the mask says so', () => {
    const { input_ids, attention_mask, token_type_ids } = stack([row(5, 6, 7), row(8)], 1);
    expect([input_ids.dims, input_ids.tolist().flat().map(Number)]).toEqual([
      [2, 3],
      [5, 6, 7, 8, 1, 1],
    ]);
    expect(attention_mask.tolist().flat().map(Number)).toEqual([1, 1, 1, 1, 0, 0]);
    expect(token_type_ids).toBeUndefined();
  });

  it('leaves one text as it is', () => {
    const only = row(5, 6);
    expect(stack([only], 1)).toBe(only);
  });
});

describe('rowOf', () => {
  it('gives what belongs to one text', () => {
    const output = new Tensor('float32', Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8]), [2, 2, 2]);
    expect([...rowOf(output, 1)]).toEqual([5, 6, 7, 8]);
  });

  it('gives values of 16 bits as floats', () => {
    const output = new Tensor('float16', Float16Array.from([0.5, 1.5]) as never, [2, 1]);
    expect(rowOf(output, 1)).toEqual(Float32Array.from([1.5]));
  });
});
