import { contentWords } from '../../text/words.js';
import type { Candidate } from './candidates.js';

/** A few further sentences without any of the words: with few candidates a word's weight would be mere chance. */
const SMOOTHING = 20;

/** Weights of the question's words, from how few of the candidates hold them (the idf of BM25). */
export class QuestionWeights {
  /** The question's content words. */
  readonly words: ReadonlySet<string>;
  private readonly weights = new Map<string, number>();
  private readonly total: number;

  constructor(question: string, candidates: readonly Candidate[]) {
    const n = candidates.length + SMOOTHING;
    let total = 0;
    this.words = new Set(contentWords(question));
    for (const word of this.words) {
      const holders = candidates.filter((candidate) => candidate.words.has(word)).length;
      const weight = Math.log(1 + (n - holders + 0.5) / (holders + 0.5));
      this.weights.set(word, weight);
      total += weight;
    }
    this.total = total;
  }

  /** @returns the share of all the question's weight that these words hold, 0–1 */
  coverage(words: ReadonlySet<string>): number {
    if (this.total === 0) return 0;
    let sum = 0;
    for (const [word, weight] of this.weights) if (words.has(word)) sum += weight;
    return sum / this.total;
  }
}
