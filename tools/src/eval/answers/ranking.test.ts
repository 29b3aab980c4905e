import { describe, expect, it } from 'vitest';
import { fitRanking } from './ranking.js';

describe('fitRanking', () => {
  it('finds what puts the right ones first, and that the rest says nothing', () => {
    // The second feature decides; the first is the same for all of a group and says nothing.
    const groups = Array.from({ length: 40 }, (_, group) =>
      Array.from({ length: 5 }, (_, i) => ({
        features: [group % 7, ((i * 3 + group) % 5) / 5],
        positive: (i * 3 + group) % 5 === 4,
      })),
    );
    const [first, second] = fitRanking(groups);
    expect(second).toBeGreaterThan(5);
    expect(Math.abs(first!)).toBeLessThan(0.01);
    for (const group of groups) {
      const scores = group.map(({ features }) => first! * features[0]! + second! * features[1]!);
      expect(group[scores.indexOf(Math.max(...scores))]!.positive).toBe(true);
    }
  });
});
