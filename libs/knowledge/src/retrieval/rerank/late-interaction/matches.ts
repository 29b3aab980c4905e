import { LATE_INTERACTION } from './late-interaction.parameters.js';
import type { Similarities } from './compare-tokens.js';

/** Parts of a stretch; the next one begins a part further on. */
const BLOCKS = 4;

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
  if (width === 0) return 0;
  // Stretches begin a block apart, so that the best of each block is looked for once.
  const block = stretch / BLOCKS;
  const blocks = Math.ceil(width / block);
  const stretches = Math.max(1, blocks - BLOCKS + 1);
  const sums = new Float64Array(stretches);
  const bests = new Float32Array(blocks);
  let whole = 0;
  let total = 0;
  for (let row = 0; row < weights.length; row++) {
    const weight = weights[row]!;
    bestOfBlocks(values, row * width, width, block, bests);
    let best = -1;
    for (let i = 0; i < blocks; i++) if (bests[i]! > best) best = bests[i]!;
    whole += weight * best;
    for (let first = 0; first < stretches; first++) {
      let nearest = -1;
      for (let i = first; i < Math.min(blocks, first + BLOCKS); i++)
        if (bests[i]! > nearest) nearest = bests[i]!;
      sums[first]! += weight * nearest;
    }
    total += weight;
  }
  if (total === 0) return 0;
  const share = (sum: number) => Math.max(0, sum / total);
  return (1 - stretchShare) * share(whole) + stretchShare * share(Math.max(...sums));
}

/** The highest of each `block` of the `width` values that begin at `from`. */
function bestOfBlocks(
  values: Float32Array,
  from: number,
  width: number,
  block: number,
  bests: Float32Array,
): void {
  for (let i = 0, at = from; i < bests.length; i++) {
    const end = Math.min(from + width, at + block);
    let best = -1;
    for (; at < end; at++) if (values[at]! > best) best = values[at]!;
    bests[i] = best;
  }
}
