import { LATE_INTERACTION } from './late-interaction.parameters.js';
import type { Similarities } from './compare-tokens.js';
import { reserve } from '../../web-assembly.js';
import { aligned, BASE, program } from './program.js';

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
export interface Meeting extends Pick<Similarities, 'starts'> {
  /** Question tokens × passage tokens, row by row: cosines × 127, rounded. */
  cosines: Int8Array<ArrayBuffer>;
  best: BestMatches;
  /** 0–1. */
  closeness: number;
}

/** Bytes of a number in the program's memory. */
const FLOAT = Float32Array.BYTES_PER_ELEMENT;
/** Numbers that the program writes behind a row's blocks. */
const BEHIND = 8;

/**
 * The best match of each question token in a passage (of a passage without tokens all 0), and how closely the passage
 * meets the question: the weighted mean of the best cosines of the question's tokens, over the whole passage and over its
 * best stretch of a sentence's length, where what belongs together stands together.
 * @param weights of the question's tokens
 * @returns the closeness from 0 to 1; of a passage or a question without tokens 0
 */
export function meetingOf({ values, starts }: Similarities, weights: Float32Array): Meeting {
  const { stretch, stretchShare } = LATE_INTERACTION;
  const rows = weights.length;
  const best = { cosines: new Float32Array(rows), starts: new Uint16Array(rows) };
  const width = starts.length;
  const cosines = new Int8Array(values.length);
  if (values.length === 0) return { starts, cosines, best, closeness: 0 };
  for (let i = 0; i < values.length; i++) cosines[i] = Math.round(127 * values[i]!);
  // Stretches begin a block apart, so that the best of each block is looked for once.
  const block = stretch / BLOCKS;
  const blocks = Math.ceil(width / block);
  const stride = FLOAT * (blocks + BEHIND);
  const weightsAt = aligned(BASE + values.byteLength);
  const bestsAt = aligned(weightsAt + weights.byteLength);
  const sumsAt = aligned(bestsAt + rows * stride);
  reserve(program, sumsAt + stride);
  const { buffer } = program.memory;
  new Float32Array(buffer, BASE).set(values);
  new Float32Array(buffer, weightsAt).set(weights);
  const sums = new Float32Array(buffer, sumsAt, blocks + BEHIND).fill(0).subarray(0, blocks);
  const whole = program.closeness(
    BASE,
    rows,
    FLOAT * width,
    FLOAT * block,
    weightsAt,
    bestsAt,
    stride,
    sumsAt,
  );
  for (let row = 0; row < rows; row++) {
    const ofBlocks = new Float32Array(buffer, bestsAt + row * stride, blocks);
    const begin = row * width + block * indexOfMost(ofBlocks);
    const at = begin + indexOfMost(values.subarray(begin, Math.min(begin + block, (row + 1) * width)));
    best.cosines[row] = values[at]!;
    best.starts[row] = starts[at - row * width]!;
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const share = (sum: number) => (total === 0 ? 0 : Math.max(0, sum / total));
  const closeness = (1 - stretchShare) * share(whole) + stretchShare * share(Math.max(...sums));
  return { starts, cosines, best, closeness };
}

/** The first of the highest. */
function indexOfMost(values: Float32Array): number {
  let most = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[most]!) most = i;
  return most;
}
