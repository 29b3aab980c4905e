/** How well one way of searching did on one set, each a share of 0–1. */
export interface RankingMetrics {
  recall1: number;
  recall5: number;
  recall10: number;
  /** Mean reciprocal rank, 0 beyond the tenth. */
  mrr10: number;
  /** Normalized discounted cumulative gain over the first ten; there is one right passage, so the ideal is 1. */
  ndcg10: number;
}

/** @param ranks 1-based rank of each question's passage; undefined where it was not found */
export function rankingMetrics(ranks: (number | undefined)[]): RankingMetrics {
  const mean = (gain: (rank: number) => number) =>
    ranks.reduce<number>((sum, rank) => sum + (rank === undefined ? 0 : gain(rank)), 0) / ranks.length;
  const within = (limit: number) => (rank: number) => (rank <= limit ? 1 : 0);
  return {
    recall1: mean(within(1)),
    recall5: mean(within(5)),
    recall10: mean(within(10)),
    mrr10: mean((rank) => (rank <= 10 ? 1 / rank : 0)),
    ndcg10: mean((rank) => (rank <= 10 ? 1 / Math.log2(rank + 1) : 0)),
  };
}
