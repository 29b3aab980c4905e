import type { Lexicon } from './lexicon.js';

const HAN_CHARACTER = /^\p{Script=Han}$/u;

/** A few further passages without any of the words: with few passages a word's weight would be mere chance. */
const SMOOTHING = 20;

/** What a word counts that none of the passages holds: its translation may be missing, and not what it means. */
const NOWHERE = 0.5;

/**
 * How much of a question passages in the other language hold, by what its words may mean there. A word weighs the more
 * the fewer of the passages hold it (the idf of BM25). A meaning of several words that is there in part counts by the
 * square of that part: "working days" is hardly 加班, "to work overtime".
 */
export class TranslatedCoverage {
  /** Which of the question's words, by their places, a passage's word may mean, and how fully. */
  private readonly meant = new Map<string, { place: number; fully: number }[]>();
  /** What the question's Chinese words may mean. */
  private readonly glosses: { place: number; gloss: string[] }[] = [];
  private readonly asked: number;
  private readonly passages: Float64Array[] = [];

  /** @param words of the question, each once, in the form of the lexicon's */
  constructor(
    private readonly lexicon: Lexicon,
    words: readonly string[],
  ) {
    const all = new Set(words);
    const asked = this.withPairs(words).filter((word) => !lexicon.isCommon(word));
    this.asked = asked.length;
    for (const [place, word] of asked.entries()) {
      // A name or a number is often the same in both languages.
      this.mean(word, place, 1);
      for (const gloss of lexicon.glossesOf(word)) this.glosses.push({ place, gloss });
      for (const translation of lexicon.wordsMeaning(word))
        for (const gloss of lexicon.glossesOf(translation))
          if (gloss.includes(word)) this.mean(translation, place, fullness(gloss, all));
    }
  }

  /** @param words of a passage, in the form of the lexicon's */
  add(words: readonly string[]): void {
    const held = new Float64Array(this.asked);
    const all = new Set(this.withPairs(words));
    const hold = (place: number, fully: number) => (held[place] = Math.max(held[place]!, fully));
    for (const word of all) for (const { place, fully } of this.meant.get(word) ?? []) hold(place, fully);
    for (const { place, gloss } of this.glosses) hold(place, fullness(gloss, all));
    this.passages.push(held);
  }

  /** @returns the share (0–1) of the question's weight that each of the passages holds, in their order */
  shares(): number[] {
    const n = this.passages.length + SMOOTHING;
    const weights = Array.from({ length: this.asked }, (_, place) => {
      const holders = this.passages.reduce((sum, held) => sum + held[place]!, 0);
      return Math.log(1 + (n - holders + 0.5) / (holders + 0.5)) * (holders > 0 ? 1 : NOWHERE);
    });
    const total = weights.reduce((sum, weight) => sum + weight, 0) || 1;
    return this.passages.map((held) => weights.reduce((sum, w, place) => sum + w * held[place]!, 0) / total);
  }

  private mean(word: string, place: number, fully: number): void {
    const places = this.meant.get(word);
    if (places) places.push({ place, fully });
    else this.meant.set(word, [{ place, fully }]);
  }

  /** What is cut into single characters may be a word of the lexicon: 年 假. */
  private withPairs(words: readonly string[]): string[] {
    const pairs = words.flatMap((word, i) => {
      const next = words[i + 1];
      if (next === undefined || !HAN_CHARACTER.test(word) || !HAN_CHARACTER.test(next)) return [];
      return this.lexicon.glossesOf(word + next).length > 0 ? [word + next] : [];
    });
    return [...words, ...pairs];
  }
}

/** @returns how much of a gloss some words hold, 0–1 */
const fullness = (gloss: readonly string[], words: ReadonlySet<string>): number =>
  (gloss.filter((word) => words.has(word)).length / gloss.length) ** 2;
