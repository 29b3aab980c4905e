import { FLOOR } from './bm25.js';
import { weightsOfAll, type WordWeight } from './lexical-weights.js';
import { WordCounter } from './word-counter/word-counter.js';

/** A chunk by the words of a question. */
export interface Scored {
  chunkId: string;
  score: number;
}

/**
 * @param times how many times a text of `length` words holds each of the words, from `first` on
 * @returns its BM25
 */
export function bm25(
  weights: readonly WordWeight[],
  times: ArrayLike<number>,
  length: number,
  first = 0,
): number {
  let sum = 0;
  // By number: this goes over tens of thousands of texts.
  for (let place = 0; place < weights.length; place++) {
    const held = times[first + place]!;
    if (held === 0) continue;
    const { weight, y } = weights[place]!;
    sum += (weight * held) / (held + FLOOR + y * length);
  }
  return sum;
}

/** Of equal ones always the same goes first. */
export const bestFirst = (found: Scored[]): Scored[] =>
  found.sort((a, b) => b.score - a.score || (a.chunkId < b.chunkId ? -1 : 1));

/** Scores texts by the weights of a question's words. */
export class Bm25Scorer {
  private readonly counter: WordCounter;

  /** @param weights each of another word */
  constructor(private readonly weights: readonly WordWeight[]) {
    this.counter = new WordCounter(weights.map(({ word }) => word));
  }

  /** @param text words in UTF-8, parted by spaces, as they are indexed. @returns its BM25 */
  score(text: Buffer): number {
    const length = this.counter.count(text);
    return bm25(this.weights, this.counter.times, length);
  }
}

/**
 * Ranks texts by a question's words, which are counted as the texts come in: what the words weigh need not be known
 * until then, and no text has to be kept.
 */
export class TextRanking {
  private readonly counter: WordCounter;
  private readonly counted: { chunkId: string; length: number; times: Int32Array }[] = [];

  /** @param words of the question, each once */
  constructor(private readonly words: readonly string[]) {
    this.counter = new WordCounter(words);
  }

  /** @param text words in UTF-8, parted by spaces, as they are indexed */
  add(chunkId: string, text: Buffer): void {
    const length = this.counter.count(text);
    const { times } = this.counter;
    if (times.some((held) => held > 0)) this.counted.push({ chunkId, length, times: times.slice() });
  }

  /**
   * @param weights of those of the words that the index has
   * @returns the texts that hold any of these, best first, `limit` at most
   */
  best(weights: readonly WordWeight[], limit: number): Scored[] {
    const ofAll = weightsOfAll(this.words, weights);
    return bestFirst(
      this.counted
        .map(({ chunkId, length, times }) => ({ chunkId, score: bm25(ofAll, times, length) }))
        .filter(({ score }) => score > 0),
    ).slice(0, limit);
  }
}
