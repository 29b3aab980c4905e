import { expect, it } from 'vitest';
import { SharedBytes } from './shared-bytes.js';

it('keeps what is added, however much, and gives any part of it', () => {
  const shared = new SharedBytes();
  const texts = [3, 0, 1_500_000, 7, 4_000_000].map((length, i) => new Uint8Array(length).fill(i + 1));
  for (let use = 0; use < 2; use++) {
    for (const text of texts) shared.add(text);
    expect(shared.count).toBe(5);
    const { packed, lengths } = shared.part(1, 4);
    expect(lengths).toEqual([0, 1_500_000, 7]);
    expect(Buffer.concat(texts.slice(1, 4)).equals(packed)).toBe(true);
    expect(packed.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(shared.part(4, 9).packed).toHaveLength(4_000_000);
    expect(shared.part(5, 9).lengths).toEqual([]);
    shared.clear();
    expect(shared.count).toBe(0);
  }
});
