import type { QuestionTokens, SearchHit } from '@midplane/contracts';

/** [start, end) in UTF-16 units of a hit's text. */
export type Span = readonly [start: number, end: number];

/** How well stretches of a hit meet the question, by the alignment of their tokens that retrieval made. */
export class HitAlignment {
  private readonly starts: readonly number[];
  private readonly cosines: Int8Array;
  private readonly weights: readonly number[];
  private readonly total: number;

  /** @param hit with its alignment; without one nothing meets */
  constructor({ alignment }: SearchHit, question: QuestionTokens | undefined) {
    this.weights = alignment && question ? question.weights : [];
    this.total = this.weights.reduce((sum, weight) => sum + weight, 0);
    this.starts = alignment?.starts ?? [];
    this.cosines = new Int8Array(Buffer.from(alignment?.cosines ?? '', 'base64'));
  }

  /**
   * The weighted mean of the best cosines that the question's tokens have within some spans.
   * @returns 0–1
   */
  closeness(spans: readonly Span[]): number {
    if (this.total === 0) return 0;
    const within = this.tokensOf(spans);
    if (within.length === 0) return 0;
    let sum = 0;
    for (const [row, weight] of this.weights.entries()) {
      let best = -127;
      for (const token of within) best = Math.max(best, this.cosines[row * this.starts.length + token]!);
      sum += weight * best;
    }
    return Math.max(0, sum / 127 / this.total);
  }

  private tokensOf(spans: readonly Span[]): number[] {
    const tokens: number[] = [];
    for (const [token, start] of this.starts.entries())
      if (spans.some(([from, to]) => start >= from && start < to)) tokens.push(token);
    return tokens;
  }
}
