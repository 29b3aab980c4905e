import { describe, expect, it } from 'vitest';
import type { Candidate } from '../candidates/candidate.repository.js';
import { fuse } from './fuse.js';
import { FUSION } from './fusion.parameters.js';

const list = (...pairs: [string, number][]): Candidate[] =>
  pairs.map(([chunkId, score]) => ({ chunkId, score }));
const ids = (hits: { chunkId: string }[]) => hits.map(({ chunkId }) => chunkId);

const lexical = { found: list(['a', 12], ['b', 9], ['c', 3]), reach: 30 };
const vector = [list(['d', 0.9], ['b', 0.88], ['a', 0.8])];

describe('fusion', () => {
  it.each(['SCORE', 'RRF'] as const)('adds up to the fused score exactly (%s)', (fusion) => {
    for (const mode of ['HYBRID', 'LEXICAL', 'VECTOR'] as const) {
      for (const { trace } of fuse({ lexical, vector }, mode, fusion)) {
        expect(trace.lexicalPart + trace.vectorPart).toBe(trace.fusedScore);
      }
    }
  });

  it('sums reciprocal ranks, so that two good ranks beat one best', () => {
    const hits = fuse({ lexical, vector }, 'HYBRID', 'RRF');
    // By the greater of their two ranks, d (first in one channel) would stand before b (second in both).
    expect(ids(hits)).toEqual(['a', 'b', 'd', 'c']);
    expect(hits.find(({ chunkId }) => chunkId === 'b')!.trace.fusedScore).toBeCloseTo(2 / 62, 12);
    expect(hits.at(-1)!.trace.fusedScore).toBeCloseTo(1 / 63, 12);
  });

  it('weighs the words by how much of the question they cover', () => {
    const part = (reach: number) =>
      fuse({ lexical: { found: list(['a', 12]), reach }, vector }, 'HYBRID', 'SCORE').find(
        ({ chunkId }) => chunkId === 'a',
      )!.trace.lexicalPart;
    expect(part(12)).toBeCloseTo(FUSION.lexicalWeight, 12);
    expect(part(120)).toBeCloseTo(FUSION.lexicalWeight / 10, 12);
  });

  it('lets the meaning decide where hardly any word meets', () => {
    const hits = fuse(
      {
        lexical: { found: list(['noise', 2]), reach: 60 },
        vector: [list(['meant', 0.9], ['other', 0.82], ['noise', 0.8])],
      },
      'HYBRID',
      'SCORE',
    );
    expect(ids(hits)[0]).toBe('meant');
  });

  it('takes a chunk that the vectors did not find for no nearer than their last', () => {
    const hits = fuse({ lexical, vector }, 'HYBRID', 'SCORE');
    const byId = new Map(hits.map(({ chunkId, trace }) => [chunkId, trace]));
    expect(byId.get('c')).toMatchObject({ vectorRank: null, vectorScore: null, vectorPart: 0 });
    expect(byId.get('a')).toMatchObject({ vectorRank: 3, vectorPart: 0 });
    expect(byId.get('d')).toMatchObject({
      lexicalRank: null,
      lexicalScore: null,
      lexicalPart: 0,
      vectorRank: 1,
    });
  });

  it('does not depend on how wide an embedder spreads its cosines, and stays between 0 and 1', () => {
    const spread = vector.map((found) =>
      found.map(({ chunkId, score }) => ({ chunkId, score: score * 6 - 4.7 })),
    );
    const [narrow, wide] = [vector, spread].map((lists) =>
      fuse({ lexical, vector: lists }, 'HYBRID', 'SCORE'),
    );
    expect(ids(wide!)).toEqual(ids(narrow!));
    for (const [i, { trace }] of narrow!.entries()) {
      expect(trace.fusedScore).toBeCloseTo(wide![i]!.trace.fusedScore, 9);
      expect(trace.fusedScore).toBeGreaterThanOrEqual(0);
      expect(trace.fusedScore).toBeLessThanOrEqual(1);
    }
  });

  it('gives a lone candidate the whole weight of its channel', () => {
    const [hit] = fuse({ lexical: { found: [], reach: 0 }, vector: [list(['a', 0.8])] }, 'HYBRID', 'SCORE');
    expect(hit!.trace.vectorPart).toBeCloseTo(1 - FUSION.lexicalWeight, 12);
  });

  it('scores a single channel by its own measure', () => {
    expect(fuse({ lexical, vector: [] }, 'LEXICAL', 'SCORE')[0]!.trace.fusedScore).toBeCloseTo(0.4, 12);
    const none = { found: [], reach: 0 };
    expect(fuse({ lexical: none, vector }, 'VECTOR', 'SCORE')[0]!.trace.fusedScore).toBe(0.9);
  });

  it('has nothing to merge where nothing was found', () => {
    expect(fuse({ lexical: { found: [], reach: 0 }, vector: [[], []] }, 'HYBRID', 'SCORE')).toEqual([]);
  });
});
