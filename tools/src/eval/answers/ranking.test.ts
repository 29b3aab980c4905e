import { describe, expect, it } from 'vitest';
import type { Example } from './logistic.js';
import { fitRanking, type RankingNet } from './ranking.js';

const groups = Array.from({ length: 4096 }, (_, group) =>
  Array.from({ length: 5 }, (_, i) => ({
    // What is the same for all of a group says nothing.
    features: [group % 7, ((i * 3 + group) % 5) / 5 - 0.4, ((i * 2 + group) % 3) - 1],
  })),
);

/** @returns the share of groups in which a net puts a positive example first */
function right(net: RankingNet, examples: Example[][]): number {
  const first = examples.filter((group) => {
    const scores = group.map(({ features }) => scoreOf(net, features));
    return group[scores.indexOf(Math.max(...scores))]!.positive;
  });
  return first.length / examples.length;
}

const scoreOf = ({ weights, hidden }: RankingNet, features: number[]): number =>
  hidden.reduce(
    (sum, unit) => sum + unit.counts * Math.tanh(unit.bias + dot(unit.weights, features)),
    dot(weights, features),
  );

const dot = (a: number[], b: number[]): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

describe('fitRanking', () => {
  it('finds what puts the right ones first, the same each time', () => {
    const examples = groups.map((group) =>
      group.map(({ features }) => ({ features, positive: features[1]! > 0.35 })),
    );
    const net = fitRanking(examples);
    expect(right(net, examples)).toBe(1);
    expect(fitRanking(examples)).toEqual(net);
  });

  it('finds what only two features together tell, as no sum of weights can', () => {
    const examples = groups
      .map((group) =>
        group.map(({ features }) => ({ features, positive: features[1]! * features[2]! > 0.15 })),
      )
      .filter((group) => group.some(({ positive }) => positive));
    expect(right(fitRanking(examples), examples)).toBeGreaterThan(0.8);
  });
});
