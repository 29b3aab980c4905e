import type { Example } from './logistic.js';

/**
 * Fits weights that put a positive example of each group first: gradient descent on the cross-entropy of a softmax over
 * the group (Cao et al., "Learning to rank: from pairwise approach to listwise approach", ICML 2007), on standardised
 * features, with a slight pull towards small weights. Deterministic.
 * @param groups each with at least one positive example
 */
export function fitRanking(groups: readonly Example[][], steps = 400, pull = 1e-3): number[] {
  const rows = groups.flat();
  const width = rows[0]?.features.length ?? 0;
  const spreads = Array.from({ length: width }, (_, j) => {
    const values = rows.map(({ features }) => features[j]!);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) || 1;
  });
  const scaled = groups.map((group) =>
    group.map(({ features, positive }) => ({ positive, x: features.map((value, j) => value / spreads[j]!) })),
  );
  const weights = new Array<number>(width).fill(0);
  for (let step = 0; step < steps; step++) {
    const slope = new Array<number>(width).fill(0);
    for (const group of scaled) {
      const scores = group.map(({ x }) => x.reduce((sum, value, j) => sum + value * weights[j]!, 0));
      const top = Math.max(...scores);
      const odds = scores.map((score) => Math.exp(score - top));
      const total = odds.reduce((sum, value) => sum + value, 0);
      const right = odds.reduce((sum, value, i) => sum + (group[i]!.positive ? value : 0), 0);
      for (const [i, { x, positive }] of group.entries()) {
        const pulled = odds[i]! / total - (positive ? odds[i]! / right : 0);
        for (let j = 0; j < width; j++) slope[j]! += (pulled * x[j]!) / scaled.length;
      }
    }
    for (let j = 0; j < width; j++) weights[j]! -= slope[j]! + pull * weights[j]!;
  }
  return weights.map((weight, j) => weight / spreads[j]!);
}
