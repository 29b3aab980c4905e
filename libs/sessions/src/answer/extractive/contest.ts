import type { Meeting } from './alignment.js';

/** So far behind the best one (in cosine) a sentence's share of a token falls to 1 / e. */
const SOFTNESS = 0.08;

/** Sentences against one another: which of them meets each token of the question best. */
export class Contest {
  /** Of each token: the best cosine, the sentence that has it first, and what all sentences together have of it. */
  private readonly best: Float32Array;
  private readonly winners: Int32Array;
  private readonly odds: Float32Array;
  private readonly total: number;

  /**
   * @param meetings of the sentences, in their order
   * @param weights of the question's tokens
   */
  constructor(
    meetings: readonly Meeting[],
    private readonly weights: readonly number[],
  ) {
    const tokens = weights.length;
    this.total = weights.reduce((sum, weight) => sum + weight, 0) || 1;
    this.best = new Float32Array(tokens).fill(-1);
    this.winners = new Int32Array(tokens);
    this.odds = new Float32Array(tokens);
    for (const [i, { best }] of meetings.entries())
      for (let token = 0; token < tokens; token++)
        if (best[token]! > this.best[token]!) {
          this.best[token] = best[token]!;
          this.winners[token] = i;
        }
    for (const meeting of meetings)
      for (let token = 0; token < tokens; token++) this.odds[token]! += this.oddsOf(meeting, token);
  }

  /**
   * What every sentence meets says nothing of which one answers: a token counts for those that meet it better than the
   * others do, by the softmax of their cosines.
   * @returns the share (0–1) of the question's weight that falls to a sentence
   */
  share(meeting: Meeting): number {
    return this.sum((token) => this.oddsOf(meeting, token) / this.odds[token]!);
  }

  /** @returns the shares (0–1) of the question's weight that is met best before, and after the sentence at a place */
  around(place: number): { earlier: number; later: number } {
    return {
      earlier: this.sum((token) => Number(this.winners[token]! < place)),
      later: this.sum((token) => Number(this.winners[token]! > place)),
    };
  }

  private oddsOf({ best }: Meeting, token: number): number {
    return Math.exp((best[token]! - this.best[token]!) / SOFTNESS);
  }

  private sum(value: (token: number) => number): number {
    return this.weights.reduce((sum, weight, token) => sum + weight * value(token), 0) / this.total;
  }
}
