import type { SearchHit } from '@midplane/contracts';
import { describe, expect, it } from 'vitest';
import { mergeHits } from './merge-hits.js';

const hits = (...ids: string[]) => ids.map((chunkId) => ({ chunkId }) as SearchHit);
const ids = (list: SearchHit[]) => list.map(({ chunkId }) => chunkId);

describe('mergeHits', () => {
  it('takes the best of each part in turn, each passage once', () => {
    expect(ids(mergeHits([hits('a', 'b', 'c'), hits('b', 'd'), hits('e')], 10))).toEqual([
      'a',
      'b',
      'e',
      'd',
      'c',
    ]);
  });

  it('lets no part take the places of another', () => {
    expect(ids(mergeHits([hits('a', 'b', 'c', 'd'), hits('x', 'y')], 4))).toEqual(['a', 'x', 'b', 'y']);
    expect(ids(mergeHits([hits('a', 'b', 'c'), []], 2))).toEqual(['a', 'b']);
    expect(mergeHits([], 2)).toEqual([]);
  });
});
