import type { Lexicon } from './lexicon.js';

const HAN_CHARACTER = /^\p{Script=Han}$/u;

/** A few further passages without any of the words: with few passages a word's weight would be mere chance. */
const SMOOTHING = 20;

/** What a word counts that none of the passages holds: its translation may be missing, and not what it means. */
const NOWHERE = 0.5;

/**
 * How much of a question passages in the other language hold, by what its words may mean there. A word weighs the more
 * the fewer of the passages hold it (the idf of BM25).
 */
export class TranslatedCoverage {
  /** Which of the question's words, by their places, a passage's word may mean. */
  private readonly meant = new Map<string, number[]>();
  private readonly asked: number;
  private readonly passages: ReadonlySet<number>[] = [];

  /** @param words of the question, each once, as the index holds them */
  constructor(
    private readonly lexicon: Lexicon,
    words: readonly string[],
  ) {
    const asked = this.withPairs(words).filter((word) => !lexicon.isCommon(word));
    this.asked = asked.length;
    for (const [place, word] of asked.entries()) {
      // A name or a number is often the same in both languages.
      for (const meaning of [word, ...lexicon.translationsOf(word)]) {
        const places = this.meant.get(meaning);
        if (places) places.push(place);
        else this.meant.set(meaning, [place]);
      }
    }
  }

  /** @param words of a passage, in the form of the lexicon's */
  add(words: readonly string[]): void {
    const held = new Set<number>();
    for (const word of this.withPairs(words)) for (const place of this.meant.get(word) ?? []) held.add(place);
    this.passages.push(held);
  }

  /** @returns the share (0–1) of the question's weight that each of the passages holds, in their order */
  shares(): number[] {
    const n = this.passages.length + SMOOTHING;
    const weights = Array.from({ length: this.asked }, (_, place) => {
      const holders = this.passages.filter((held) => held.has(place)).length;
      return Math.log(1 + (n - holders + 0.5) / (holders + 0.5)) * (holders > 0 ? 1 : NOWHERE);
    });
    const total = weights.reduce((sum, weight) => sum + weight, 0) || 1;
    return this.passages.map((held) => [...held].reduce((sum, place) => sum + weights[place]!, 0) / total);
  }

  /** What is cut into single characters may be a word of the lexicon: 年 假. */
  private withPairs(words: readonly string[]): string[] {
    const pairs = words.flatMap((word, i) => {
      const next = words[i + 1];
      if (next === undefined || !HAN_CHARACTER.test(word) || !HAN_CHARACTER.test(next)) return [];
      return this.lexicon.translationsOf(word + next).length > 0 ? [word + next] : [];
    });
    return [...words, ...pairs];
  }
}
