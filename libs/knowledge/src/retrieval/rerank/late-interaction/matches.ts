import { LATE_INTERACTION } from './late-interaction.parameters.js';
import type { Similarities } from './question-tables.js';

/** The best match of each question token in a passage. */
export interface BestMatches {
  /** Its cosine, for each question token. */
  cosines: Float32Array;
  /** UTF-16 offset of the passage token. */
  starts: Uint16Array;
}

/** How the question's tokens meet those of a passage. */
export interface Meeting extends Similarities {
  best: BestMatches;
  /** 0–1. */
  closeness: number;
}

/** @returns the best match of each question token; of a passage without tokens all 0 */
export function bestMatches({ values, starts }: Similarities, questionTokens: number): BestMatches {
  const cosines = new Float32Array(questionTokens);
  const found = new Uint16Array(questionTokens);
  if (starts.length === 0) return { cosines, starts: found };
  for (let row = 0; row < questionTokens; row++) {
    let best = row * starts.length;
    for (let at = best + 1; at < (row + 1) * starts.length; at++) if (values[at]! > values[best]!) best = at;
    cosines[row] = values[best]!;
    found[row] = starts[best - row * starts.length]!;
  }
  return { cosines, starts: found };
}

/**
 * How well a passage meets a question: the weighted mean of the best cosines of the question's tokens, over the whole
 * passage and over its best stretch of a sentence's length, where what belongs together stands together.
 * @param weights of the question's tokens
 * @returns 0–1; of a passage or a question without tokens 0
 */
export function closenessOf({ values, starts }: Similarities, weights: Float32Array): number {
  const { stretch, stretchShare } = LATE_INTERACTION;
  const width = starts.length;
  const over = (from: number, to: number): number => {
    let sum = 0;
    let total = 0;
    for (const [row, weight] of weights.entries()) {
      let best = -1;
      for (let at = row * width + from; at < row * width + to; at++)
        if (values[at]! > best) best = values[at]!;
      sum += weight * best;
      total += weight;
    }
    return total > 0 ? Math.max(0, sum / total) : 0;
  };
  if (width === 0) return 0;
  let nearest = 0;
  const step = stretch / 4;
  for (let from = 0; from === 0 || from + stretch < width + step; from += step)
    nearest = Math.max(nearest, over(from, Math.min(width, from + stretch)));
  return (1 - stretchShare) * over(0, width) + stretchShare * nearest;
}
