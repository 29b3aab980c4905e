import { FLOOR, K1 } from './bm25.js';

/** What the index scores for a text of one word, asked for that word: the word once, and twice. */
export type WordScores = [once: number, twice: number];

/** What a word of a question weighs in a text. */
export interface WordWeight {
  word: string;
  /** The highest score that a text could have by it: idf × (k1 + 1). */
  weight: number;
  /** k1 × b over the average length of a text. */
  y: number;
}

/**
 * A text of the word n times scores idf × (k1 + 1) × n / (n + k1 × (1 - b) + n × y). n = 1 and n = 2 give y, and with
 * it idf × (k1 + 1).
 * @param scores of each of the words; [0, 0] for one that the index does not have
 * @returns the weights of those words that the index has
 */
export function weightsOf(words: readonly string[], scores: readonly WordScores[]): WordWeight[] {
  return words.flatMap((word, i) => {
    const [once, twice] = scores[i]!;
    if (once <= 0) return [];
    const ratio = twice / once;
    const y = Math.max(0, (2 * (1 + FLOOR) - ratio * (2 + FLOOR)) / (2 * ratio - 2));
    return { word, weight: once * (1 + FLOOR + y), y };
  });
}

/** @param weights of those of the words that the index has. @returns one for each of the words, in their order */
export function weightsOfAll(words: readonly string[], weights: readonly WordWeight[]): WordWeight[] {
  const weightOf = new Map(weights.map((weight) => [weight.word, weight]));
  return words.map((word) => weightOf.get(word) ?? { word, weight: 0, y: 0 });
}

/**
 * The highest score that any text could reach for a question: the sum over its words of idf × (k1 + 1).
 * @param unseen how many of its words the index does not have
 * @param indexed texts in the index: what a word weighs that stands in none of them
 */
export function reachOf(weights: readonly WordWeight[], unseen: number, indexed: number): number {
  const weightOfUnseen = Math.log(1 + (indexed + 0.5) / 0.5) * (K1 + 1);
  return weights.reduce((sum, { weight }) => sum + weight, unseen * weightOfUnseen);
}
