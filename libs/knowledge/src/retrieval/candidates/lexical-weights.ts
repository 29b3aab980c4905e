import { setImmediate } from 'node:timers/promises';
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

/**
 * The highest score that any text could reach for a question: the sum over its words of idf × (k1 + 1).
 * @param unseen how many of its words the index does not have
 * @param indexed texts in the index: what a word weighs that stands in none of them
 */
export function reachOf(weights: readonly WordWeight[], unseen: number, indexed: number): number {
  const weightOfUnseen = Math.log(1 + (indexed + 0.5) / 0.5) * (K1 + 1);
  return weights.reduce((sum, { weight }) => sum + weight, unseen * weightOfUnseen);
}

/** @param text its words, parted by spaces, as they are indexed. @returns its BM25 */
export function bm25Of(text: string, weights: readonly WordWeight[]): number {
  let length = 1;
  for (let at = text.indexOf(' '); at >= 0; at = text.indexOf(' ', at + 1)) length++;
  return weights.reduce((sum, { word, weight, y }) => {
    const times = timesIn(text, word);
    return times === 0 ? sum : sum + (weight * times) / (times + FLOOR + y * length);
  }, 0);
}

/** Searching for each word takes a third of the time that cutting the text at its spaces does. */
function timesIn(text: string, word: string): number {
  let times = 0;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
    const end = at + word.length;
    const begins = at === 0 || text[at - 1] === ' ';
    if (begins && (end === text.length || text[end] === ' ')) times++;
  }
  return times;
}

/** Texts that are scored at once; between, others have their turn. */
const SCORED_AT_ONCE = 1_000;

/**
 * Scores texts that have come from the database as bytes. A text and a word are compared byte by byte, which says the
 * same of words in UTF-8 and takes a third of the time again.
 * @param rows ids and words of texts
 * @returns those that hold any of the words, best first, `limit` at most
 */
export async function bestByWords(
  rows: readonly (readonly [id: Buffer, words: Buffer])[],
  weights: readonly WordWeight[],
  limit: number,
): Promise<{ chunkId: string; score: number }[]> {
  const asBytes = weights.map((each) => ({ ...each, word: Buffer.from(each.word).toString('latin1') }));
  const found: { chunkId: string; score: number }[] = [];
  for (let from = 0; from < rows.length; from += SCORED_AT_ONCE) {
    if (from > 0) await setImmediate();
    for (const [id, words] of rows.slice(from, from + SCORED_AT_ONCE)) {
      const score = bm25Of(words.toString('latin1'), asBytes);
      if (score > 0) found.push({ chunkId: id.toString(), score });
    }
  }
  return found.sort(bestFirst).slice(0, limit);
}

/** Of equal ones always the same goes first. */
export const bestFirst = (
  a: { chunkId: string; score: number },
  b: { chunkId: string; score: number },
): number => b.score - a.score || (a.chunkId < b.chunkId ? -1 : 1);
