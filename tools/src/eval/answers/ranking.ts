import { randomOf } from '../../bench/scale/corpus.js';
import type { Example } from './logistic.js';

/** A net with one hidden layer: weights · features + Σ counts · tanh(bias + weights · features) of its units. */
export interface RankingNet {
  weights: number[];
  hidden: { counts: number; bias: number; weights: number[] }[];
}

const UNITS = 8;
const EPOCHS = 15;
const BATCH = 64;
const RATE = 3e-3;
/** Pull towards small weights. */
const PULL = 2e-3;

/**
 * Fits a net that puts a positive example of each group first: Adam (Kingma and Ba, ICLR 2015) on the cross-entropy of
 * a softmax over the group (Cao et al., "Learning to rank: from pairwise approach to listwise approach", ICML 2007), on
 * standardised features. In the second half of the steps they grow smaller. Deterministic.
 * @param groups each with at least one positive example
 */
export function fitRanking(groups: readonly Example[][]): RankingNet {
  const rows = groups.flatMap((group) => group.map(({ features }) => features));
  const width = rows[0]?.length ?? 0;
  const means = columns(width, (j) => mean(rows.map((row) => row[j]!)));
  const spreads = columns(width, (j) => Math.sqrt(mean(rows.map((row) => (row[j]! - means[j]!) ** 2))) || 1);
  const scaled = groups.map((group) => ({
    positive: group.map(({ positive }) => positive),
    rows: group.map(({ features }) =>
      Float64Array.from(features, (value, j) => (value - means[j]!) / spreads[j]!),
    ),
  }));
  const random = randomOf(1);
  const parameters = new Parameters(width, random);
  const order = scaled.map((_, i) => i);
  const steps = EPOCHS * Math.floor(groups.length / BATCH);
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    shuffle(order, random);
    for (let at = 0; at + BATCH <= order.length; at += BATCH) {
      for (const i of order.slice(at, at + BATCH)) parameters.learn(scaled[i]!.rows, scaled[i]!.positive);
      parameters.step(RATE * Math.min(1, (2 * (steps - parameters.steps)) / steps));
    }
  }
  return parameters.net(means, spreads);
}

/** What a net is made of, with the slopes of its loss and Adam's moments beside it. */
class Parameters {
  steps = 0;
  private readonly values: Float64Array;
  private readonly slopes: Float64Array;
  private readonly first: Float64Array;
  private readonly second: Float64Array;

  /** In one array: the direct weights; then of each unit its weights, its bias and what it counts. */
  constructor(
    private readonly width: number,
    random: () => number,
  ) {
    const size = width + UNITS * (width + 2);
    this.values = new Float64Array(size);
    this.slopes = new Float64Array(size);
    this.first = new Float64Array(size);
    this.second = new Float64Array(size);
    for (let unit = 0; unit < UNITS; unit++) {
      const at = this.at(unit);
      for (let j = 0; j < width; j++) this.values[at + j] = normal(random) / Math.sqrt(width);
      this.values[at + width + 1] = (0.3 * normal(random)) / Math.sqrt(UNITS);
    }
  }

  /** Adds the slopes of one group's loss. */
  learn(rows: readonly Float64Array[], positive: readonly boolean[]): void {
    const { width, values, slopes } = this;
    const active = rows.map((row) => this.active(row));
    const scores = rows.map((row, i) => {
      let score = 0;
      for (let j = 0; j < width; j++) score += values[j]! * row[j]!;
      for (let unit = 0; unit < UNITS; unit++)
        score += values[this.at(unit) + width + 1]! * active[i]![unit]!;
      return score;
    });
    const top = Math.max(...scores);
    const odds = scores.map((score) => Math.exp(score - top));
    const total = odds.reduce((sum, value) => sum + value, 0);
    const right = odds.reduce((sum, value, i) => sum + (positive[i] ? value : 0), 0);
    for (const [i, row] of rows.entries()) {
      const pulled = (odds[i]! / total - (positive[i] ? odds[i]! / right : 0)) / BATCH;
      for (let j = 0; j < width; j++) slopes[j]! += pulled * row[j]!;
      for (let unit = 0; unit < UNITS; unit++) {
        const at = this.at(unit);
        const output = active[i]![unit]!;
        slopes[at + width + 1]! += pulled * output;
        const inner = pulled * values[at + width + 1]! * (1 - output * output);
        slopes[at + width]! += inner;
        for (let j = 0; j < width; j++) slopes[at + j]! += inner * row[j]!;
      }
    }
  }

  /** Goes down the slopes that were added since the last step. */
  step(rate: number): void {
    this.steps++;
    const [b1, b2] = [0.9, 0.999];
    for (let i = 0; i < this.values.length; i++) {
      const slope = this.slopes[i]! + PULL * this.values[i]!;
      this.first[i] = b1 * this.first[i]! + (1 - b1) * slope;
      this.second[i] = b2 * this.second[i]! + (1 - b2) * slope * slope;
      const direction = this.first[i]! / (1 - b1 ** this.steps);
      const size = Math.sqrt(this.second[i]! / (1 - b2 ** this.steps)) + 1e-8;
      this.values[i]! -= (rate * direction) / size;
    }
    this.slopes.fill(0);
  }

  /** @returns the net for features as they are, not standardised */
  net(means: readonly number[], spreads: readonly number[]): RankingNet {
    const unscaled = (at: number) => spreads.map((spread, j) => this.values[at + j]! / spread);
    return {
      weights: unscaled(0),
      hidden: Array.from({ length: UNITS }, (_, unit) => {
        const weights = unscaled(this.at(unit));
        const shift = weights.reduce((sum, weight, j) => sum + weight * means[j]!, 0);
        return {
          counts: this.values[this.at(unit) + this.width + 1]!,
          bias: this.values[this.at(unit) + this.width]! - shift,
          weights,
        };
      }),
    };
  }

  /** @returns what each hidden unit makes of a row, −1 to 1 */
  private active(row: Float64Array): Float64Array {
    const { width, values } = this;
    const outputs = new Float64Array(UNITS);
    for (let unit = 0; unit < UNITS; unit++) {
      const at = this.at(unit);
      let sum = values[at + width]!;
      for (let j = 0; j < width; j++) sum += values[at + j]! * row[j]!;
      outputs[unit] = Math.tanh(sum);
    }
    return outputs;
  }

  private at(unit: number): number {
    return this.width + unit * (this.width + 2);
  }
}

const columns = (width: number, value: (j: number) => number): number[] =>
  Array.from({ length: width }, (_, j) => value(j));

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function shuffle(list: number[], random: () => number): void {
  for (let i = list.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    [list[i], list[other]] = [list[other]!, list[i]!];
  }
}

/** A number of the standard normal distribution (Box and Muller). */
const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
