import type { RankingMeasures } from '@midplane/contracts';

/** @param ranks of the first right passage of each question, 1-based; at least one */
export function measuresOf(ranks: readonly number[]): RankingMeasures {
  const share = (most: number) => ranks.filter((rank) => rank <= most).length / ranks.length;
  return {
    recallAt1: share(1),
    recallAt5: share(5),
    mrr: ranks.reduce((sum, rank) => sum + 1 / rank, 0) / ranks.length,
  };
}

/** What changed for the same questions from one ranking to another. */
export interface Change {
  better: number;
  worse: number;
  /** How likely chance alone makes as great a difference. */
  pValue: number;
}

/** Compares the ranks of the same questions, before and after. */
export function changeOf(before: readonly number[], after: readonly number[]): Change {
  const better = after.filter((rank, i) => rank < before[i]!).length;
  const worse = after.filter((rank, i) => rank > before[i]!).length;
  return { better, worse, pValue: signTest(better, worse) };
}

/**
 * The two-sided sign test (Dixon and Mood, "The statistical sign test", 1946): how likely a fair coin falls at least
 * as unevenly. Questions that stay as they are say nothing.
 * @param better, worse at most 500 together
 * @returns 0–1; 1 where nothing changed
 */
export function signTest(better: number, worse: number): number {
  const n = better + worse;
  let likely = 2 ** -n;
  let tail = 0;
  for (let k = 0; k <= Math.min(better, worse); k++) {
    tail += likely;
    likely *= (n - k) / (k + 1);
  }
  return Math.min(1, 2 * tail);
}
