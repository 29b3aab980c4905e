import { describe, expect, it } from 'vitest';
import { rankingMetrics } from './metrics.ts';

describe('ranking metrics', () => {
  it('follow from the rank of the right passage', () => {
    const { recall1, recall5, recall10, mrr10, ndcg10 } = rankingMetrics([1, 3, 7, 11, undefined]);
    expect([recall1, recall5, recall10]).toEqual([0.2, 0.4, 0.6]);
    expect(mrr10).toBeCloseTo((1 + 1 / 3 + 1 / 7) / 5, 12);
    expect(ndcg10).toBeCloseTo((1 + 1 / 2 + 1 / 3) / 5, 12);
  });
});
