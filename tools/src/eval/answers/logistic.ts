/** An example: what was seen, and what was so. */
export interface Example {
  features: number[];
  positive: boolean;
}

/** weights · features + bias is the log-odds. */
export interface LogisticModel {
  weights: number[];
  bias: number;
}

/**
 * Fits a logistic regression by gradient descent on standardised features, with a slight pull towards small
 * weights. Deterministic.
 */
export function fitLogistic(examples: readonly Example[], steps = 4000, pull = 1e-3): LogisticModel {
  const width = examples[0]?.features.length ?? 0;
  const columns = Array.from({ length: width }, (_, j) => examples.map((example) => example.features[j]!));
  const means = columns.map(mean);
  const spreads = columns.map((column, j) => Math.sqrt(mean(column.map((x) => (x - means[j]!) ** 2))) || 1);
  const rows = examples.map(({ features }) => features.map((x, j) => (x - means[j]!) / spreads[j]!));
  const weights = new Array<number>(width).fill(0);
  let bias = 0;
  for (let step = 0; step < steps; step++) {
    const slope = new Array<number>(width).fill(0);
    let drift = 0;
    rows.forEach((row, i) => {
      const z = row.reduce((sum, x, j) => sum + x * weights[j]!, bias);
      const error = 1 / (1 + Math.exp(-z)) - Number(examples[i]!.positive);
      row.forEach((x, j) => (slope[j]! += error * x));
      drift += error;
    });
    weights.forEach((weight, j) => (weights[j]! -= slope[j]! / rows.length + pull * weight));
    bias -= drift / rows.length;
  }
  return {
    weights: weights.map((weight, j) => weight / spreads[j]!),
    bias: bias - weights.reduce((sum, weight, j) => sum + (weight * means[j]!) / spreads[j]!, 0),
  };
}

/** Area under the curve: how often a positive one scores above a negative one; ties count half. */
export function areaUnderCurve(positive: readonly number[], negative: readonly number[]): number {
  const all = [...positive.map((s) => ({ s, p: true })), ...negative.map((s) => ({ s, p: false }))];
  all.sort((a, b) => a.s - b.s);
  let ranks = 0;
  for (let i = 0; i < all.length;) {
    let end = i;
    while (end < all.length && all[end]!.s === all[i]!.s) end++;
    for (let k = i; k < end; k++) if (all[k]!.p) ranks += (i + end + 1) / 2;
    i = end;
  }
  const n = positive.length;
  return (ranks - (n * (n + 1)) / 2) / (n * negative.length);
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
