import type { SearchHit } from '@midplane/contracts';
import { Lexicon } from '@midplane/kernel';
import { judge, numberPassages } from '@midplane/sessions';
import { describe, expect, it } from 'vitest';
import { cutShort } from './cut-short.js';
import type { Judged, Outcome } from './measure.js';

const LEXICON = new Lexicon(['what']);

const hit = (chunkId: string, text: string): SearchHit =>
  ({ chunkId, text, score: 0.5, headings: [], before: [], after: [], trace: {} }) as unknown as SearchHit;

/** Twenty sentences, then one of another passage; the given one answers. */
function judged(answering: number): Judged {
  const text = Array.from({ length: 20 }, (_, i) => `Fact ${i} is known.`).join(' ');
  const passages = numberPassages([hit('a', text), hit('b', 'Nothing else is.')]);
  const { candidates, signals, probability } = judge('What is known?', undefined, passages, LEXICON);
  const gold = candidates.map((_, i) => i === answering);
  return {
    candidates,
    signals,
    probability,
    question: 'What is known?',
    tokens: undefined,
    article: 0,
    passages,
    answer: { chunkIds: ['a'], answers: [] },
    gold,
  };
}

const outcome = {
  run: { name: 'a set' },
  held: Array.from({ length: 200 }, (_, i) => judged(i % 20)),
  missing: [judged(-1)],
} as unknown as Outcome;
const ofLong = ({ candidates }: Judged) => candidates.filter(({ passage }) => passage.hit.chunkId === 'a');

describe('cutShort', () => {
  it('leaves a few sentences that follow one another, and the questions that they answer', () => {
    const cut = cutShort(outcome, LEXICON);
    expect(cut.run.name).toBe('a set, cut short');
    expect(cut.held.length).toBeGreaterThan(20);
    expect(cut.held.length).toBeLessThan(100);
    for (const each of cut.held) {
      const orders = ofLong(each).map(({ order }) => order);
      expect(orders).toEqual(orders.map((_, i) => orders[0]! + i));
      expect(each.gold.filter(Boolean)).toHaveLength(1);
      expect(each.candidates.at(-1)!.text).toBe('Nothing else is.');
    }
    expect(Math.max(...cut.held.map((each) => ofLong(each).length))).toBeLessThan(16);
    expect(cut.missing).toHaveLength(1);
    expect(cutShort(outcome, LEXICON)).toEqual(cut);
  });

  it('takes along what answers, and describes what is left as if there were no more', () => {
    for (const each of cutShort(outcome, LEXICON).held) {
      const own = ofLong(each);
      const answering = each.candidates[each.gold.indexOf(true)]!;
      expect(own).toContain(answering);
      for (const [i, { features }] of own.entries()) {
        expect(features.first).toBe(Number(i === 0));
        expect(features.sentences).toBeCloseTo(Math.log(own.length) / Math.log(20), 6);
      }
    }
  });
});
