import type { QuestionTokens, SearchHit } from '@midplane/contracts';

/** [start, end) in UTF-16 units of a hit's text. */
export type Span = readonly [start: number, end: number];

/** How a stretch of a hit meets the question. */
export interface Meeting {
  /** For each token of the question the best cosine (−1 to 1) that it has within the stretch; 0 without tokens. */
  best: Float32Array;
  /** Tokens of the stretch. */
  tokens: number;
  /** Share (0–1) of them that have met some token of the question. */
  met: number;
}

/** From this cosine on a token of the stretch has met one of the question. */
const MET = 0.6;

/** How well stretches of a hit meet the question, by the alignment of their tokens that retrieval made. */
export class HitAlignment {
  private readonly starts: readonly number[];
  private readonly cosines: Int8Array;
  /** Tokens of the question. */
  private readonly rows: number;

  /** @param hit with its alignment; without one nothing meets */
  constructor({ alignment }: SearchHit, question: QuestionTokens | undefined) {
    this.rows = question?.weights.length ?? 0;
    this.starts = (question && alignment?.starts) ?? [];
    this.cosines = new Int8Array(Buffer.from(alignment?.cosines ?? '', 'base64'));
  }

  /** @returns how the tokens within some spans meet the question */
  meeting(spans: readonly Span[]): Meeting {
    const within = this.tokensOf(spans);
    const best = new Float32Array(this.rows).fill(within.length > 0 ? -1 : 0);
    let met = 0;
    for (const token of within) {
      let own = -1;
      for (let row = 0; row < this.rows; row++) {
        const cosine = this.cosines[row * this.starts.length + token]! / 127;
        if (cosine > best[row]!) best[row] = cosine;
        if (cosine > own) own = cosine;
      }
      if (own > MET) met++;
    }
    return { best, tokens: within.length, met: within.length > 0 ? met / within.length : 0 };
  }

  private tokensOf(spans: readonly Span[]): number[] {
    const tokens: number[] = [];
    for (const [token, start] of this.starts.entries())
      if (spans.some(([from, to]) => start >= from && start < to)) tokens.push(token);
    return tokens;
  }
}

/**
 * @param best cosines of the question's tokens, as a meeting has them
 * @param weights of the same tokens
 * @returns how close they are: their weighted mean, 0–1; 0 where nothing counts
 */
export function closenessOf(best: ArrayLike<number>, weights: readonly number[]): number {
  let sum = 0;
  let total = 0;
  for (const [row, weight] of weights.entries()) {
    sum += weight * (best[row] ?? 0);
    total += weight;
  }
  return total > 0 ? Math.max(0, sum / total) : 0;
}
