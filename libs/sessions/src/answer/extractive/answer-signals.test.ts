import type { SearchHit } from '@midplane/contracts';
import { describe, expect, it } from 'vitest';
import { numberPassages } from '../passage.js';
import { signalsOf } from './answer-signals.js';
import type { ScoredCandidate } from './model.js';

const hit = (text: string, score: number, vectorScore: number): SearchHit =>
  ({ text, score, headings: [], before: [], after: [], trace: { vectorScore } }) as unknown as SearchHit;

const passages = numberPassages([
  hit('Staff get 15 days.', 0.9, 0.8),
  hit('Interns get none.', 0.6, 0.7),
  hit('员工有15天年假。', 0.95, 0.9),
]);

/** @returns the sentence that a passage is, scored */
const sentence = (place: number, score: number, features: Record<string, number>): ScoredCandidate =>
  ({ passage: passages[place], text: passages[place]!.text, score, features }) as unknown as ScoredCandidate;

describe('signalsOf', () => {
  const [best, rival] = [sentence(0, 4, { closeness: 0.7, counts: 1 }), sentence(1, 4, { closeness: 0.2 })];

  it('says what the best sentence shows, and how many answer as well', () => {
    const { features, across } = signalsOf('How many days?', [best, rival], passages);
    expect(features).toMatchObject({ closeness: 0.7, counts: 1 });
    expect(features.rivals).toBeCloseTo(Math.log(2), 6);
    expect(across).toBe(false);
    expect(signalsOf('How many days?', [best], passages).features.rivals).toBe(0);
  });

  it('compares scores and cosines with those of passages in the same language alone', () => {
    const { features } = signalsOf('How many days?', [best, rival], passages);
    expect(features.passage).toBe(0.9);
    expect(features.passageAhead).toBeCloseTo(0.3, 6);
    expect(features.cosineRise).toBeCloseTo(0.1, 6);
    const chinese = signalsOf('How many days?', [sentence(2, 4, {})], passages);
    expect(chinese).toMatchObject({
      across: true,
      features: { passage: 0.95, passageAhead: 0, cosineRise: 0 },
    });
  });
});
