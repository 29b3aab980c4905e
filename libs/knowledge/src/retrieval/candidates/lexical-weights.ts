import { FLOOR, K1 } from './bm25.js';

/** What the index scores for a text of one word, asked for that word: the word once, and twice. */
export type WordScores = [once: number, twice: number];

/**
 * The highest score that any text could reach for a question: the sum over its words of idf × (k1 + 1).
 *
 * A text of the word n times scores idf × (k1 + 1) × n / (n + k1 × (1 - b) + n × y) with y = k1 × b / average length.
 * n = 1 and n = 2 give y, and with it idf × (k1 + 1).
 * @param words scores of each of the question's words; [0, 0] for one that the index does not have
 * @param indexed texts in the index: what a word weighs that stands in none of them
 */
export function reachOf(words: WordScores[], indexed: number): number {
  const unseen = Math.log(1 + (indexed + 0.5) / 0.5) * (K1 + 1);
  let reach = 0;
  for (const [once, twice] of words) {
    if (once <= 0) {
      reach += unseen;
      continue;
    }
    const ratio = twice / once;
    const y = Math.max(0, (2 * (1 + FLOOR) - ratio * (2 + FLOOR)) / (2 * ratio - 2));
    reach += once * (1 + FLOOR + y);
  }
  return reach;
}
