import { STATE_LEVELS, STATE_SCALE, unpackPassageStates } from '@midplane/contracts';
import { reserve } from '../../web-assembly.js';
import { aligned, BASE, program } from './program.js';

/** How the tokens of a question meet those of a passage. */
export interface Similarities {
  /** Question tokens × passage tokens, row by row: cosines. */
  values: Float32Array;
  /** UTF-16 offset of each passage token in its text. */
  starts: Uint16Array;
}

/**
 * `STATE_LEVELS` in whole numbers that are not negative, as the fastest multiplication wants them: the outer level is
 * 3.335 times the inner one, and 10 is 3.333 times 3.
 */
const LEVELS = [0, 7, 13, 20];
/** What 0 stands for among them. */
const MIDDLE = 10;
/** One step of them in standard deviations. */
const STEP = STATE_LEVELS[3] / MIDDLE;

/** Dimensions that are multiplied at once. */
const BLOCK = 64;
/** The levels lie at address 0. */
const SCRATCH = BASE;

/**
 * Cosines of a question's tokens with those of passages, out of their 2-bit codes, by a small WebAssembly program of
 * whole numbers (`dots.wat`). The question is rounded to 8 bits, which is off by .001 at most.
 * @param question values of its tokens' states, one token after the other
 * @param dimension a multiple of 64
 * @param passages states of each, as they are stored
 * @throws RangeError where they are not of this dimension
 */
export function compareTokens(
  question: Float32Array,
  dimension: number,
  passages: readonly Uint8Array[],
): Similarities[] {
  if (dimension % BLOCK !== 0) throw new RangeError(`${dimension} dimensions are no multiple of ${BLOCK}.`);
  const tokens = question.length / dimension;
  const rows = 4 * Math.ceil(tokens / 4);
  const questionAt = SCRATCH + dimension;
  const codesAt = questionAt + rows * dimension;
  reserve(program, codesAt);
  const { steps, sums } = writeQuestion(question, dimension, questionAt, rows);
  return passages.map((packed) => {
    const { starts, scales, codes } = unpackPassageStates(packed, dimension);
    const width = starts.length;
    const values = new Float32Array(tokens * width);
    if (values.length === 0) return { values, starts };
    const scalesAt = aligned(codesAt + codes.length);
    const stride = aligned(4 * width);
    const outAt = scalesAt + stride;
    reserve(program, outAt + rows * stride);
    const { buffer } = program.memory;
    new Uint8Array(buffer).set(codes, codesAt);
    new Float32Array(buffer, scalesAt, width).set(scales);
    program.dots(questionAt, rows, dimension, codesAt, width, SCRATCH, outAt, stride);
    for (let row = 0; row < tokens; row++) {
      const at = outAt + row * stride;
      const step = (steps[row]! * STEP) / (STATE_SCALE * Math.sqrt(dimension));
      program.scale(at, at + stride, MIDDLE * sums[row]!, step, scalesAt);
      values.set(new Float32Array(buffer, at, width), row * width);
    }
    return { values, starts };
  });
}

/**
 * Writes each token as a row of 8-bit numbers, in the order in which codes are decoded.
 * @returns for each token what 1 stands for, and the sum of its numbers
 */
function writeQuestion(
  values: Float32Array,
  dimension: number,
  at: number,
  rows: number,
): { steps: Float32Array; sums: Int32Array } {
  new Uint8Array(program.memory.buffer).set(LEVELS, 0);
  const to = new Int8Array(program.memory.buffer, at, rows * dimension);
  const steps = new Float32Array(rows);
  const sums = new Int32Array(rows);
  for (let row = 0; row * dimension < values.length; row++) {
    const own = values.subarray(row * dimension, (row + 1) * dimension);
    const step = own.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127 || 1;
    for (let d = 0; d < dimension; d++) {
      const rounded = Math.round(own[d]! / step);
      const block = d - (d % BLOCK);
      to[row * dimension + block + 16 * (d % 4) + ((d - block) >> 2)] = rounded;
      sums[row]! += rounded;
    }
    steps[row] = step;
  }
  return { steps, sums };
}
