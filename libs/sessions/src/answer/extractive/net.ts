import type { Features } from './sentence-features.js';

/** A net with one hidden layer over named features. */
export interface Net<Name extends string> {
  /** What each feature counts directly. */
  weights: Features<Name>;
  /** What each unit counts: between −counts and +counts, as its features are far below or above its bias. */
  hidden: { counts: number; bias: number; weights: Features<Name> }[];
}

/** @returns weights · features + Σ counts · tanh(bias + weights · features) of the hidden units */
export function evaluate<Name extends string>(
  { weights, hidden }: Net<Name>,
  features: Features<Name>,
): number {
  return hidden.reduce(
    (sum, unit) => sum + unit.counts * Math.tanh(unit.bias + weighted(features, unit.weights)),
    weighted(features, weights),
  );
}

/** @returns the sum of features by their weights */
export function weighted<Name extends string>(features: Features<Name>, weights: Features<Name>): number {
  let total = 0;
  for (const name in weights) total += weights[name] * features[name];
  return total;
}
