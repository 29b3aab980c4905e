/**
 * The states of a text's tokens on their way from the inference service to the one that compares them.
 *
 * A question's: `starts`, then the weight and the values of each token as 32-bit floats. A passage's: `starts`, a byte for each token
 * that scales what its codes stand for, then its codes, four dimensions a byte, the first in the lowest bits.
 */

/** A value's code (0–3) stands for this many standard deviations: the quantizer of Lloyd and Max for a normal distribution. */
export const STATE_LEVELS = [-1.51, -0.4528, 0.4528, 1.51] as const;

/** A passage's scale byte n stands for a factor of n / 128. */
export const STATE_SCALE = 128;

/** A question's tokens. */
export interface QuestionStates {
  /** UTF-16 offset in the text at which each token begins. */
  starts: Uint16Array;
  /**
   * How far each state lay from the centre before it was made of length 1: a token that says much is far from what
   * all tokens have in common.
   */
  weights: Float32Array;
  /** `dimension` values for each token, one token after the other. */
  values: Float32Array;
}

/** A passage's tokens: (3 + dimension / 4) bytes each. */
export interface PassageStates {
  /** UTF-16 offset in the text at which each token begins. */
  starts: Uint16Array;
  /** What the decoded values of each token have to be multiplied by, times `STATE_SCALE`. */
  scales: Uint8Array;
  codes: Uint8Array;
}

/** @returns the bytes of a passage's states, the form in which they are stored */
export function packPassageStates({ starts, scales, codes }: PassageStates): Uint8Array {
  const bytes = new Uint8Array(starts.byteLength + scales.length + codes.length);
  bytes.set(new Uint8Array(starts.buffer, starts.byteOffset, starts.byteLength));
  bytes.set(scales, starts.byteLength);
  bytes.set(codes, starts.byteLength + scales.length);
  return bytes;
}

/**
 * The reverse of {@link packPassageStates}.
 * @throws RangeError where the bytes are not those of whole tokens
 */
export function unpackPassageStates(bytes: Uint8Array, dimension: number): PassageStates {
  const tokens = bytes.length / (3 + dimension / 4);
  if (!Number.isInteger(tokens))
    throw new RangeError(`${bytes.length} bytes are no states of ${dimension} dimensions.`);
  // A copy, since 16-bit numbers have to begin at an even address; a Buffer's own `slice` makes none.
  const starts = new Uint16Array(Uint8Array.from(bytes.subarray(0, 2 * tokens)).buffer);
  return { starts, scales: bytes.subarray(2 * tokens, 3 * tokens), codes: bytes.subarray(3 * tokens) };
}

/** @returns base64 of a question's states */
export function encodeQuestionStates({ starts, weights, values }: QuestionStates): string {
  const parts = [starts, weights, values];
  return Buffer.concat(
    parts.map(({ buffer, byteOffset, byteLength }) =>
      Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength),
    ),
  ).toString('base64');
}

/** The reverse of {@link encodeQuestionStates}. */
export function decodeQuestionStates(encoded: string, dimension: number): QuestionStates {
  const bytes = Uint8Array.from(Buffer.from(encoded, 'base64'));
  const tokens = bytes.length / (6 + 4 * dimension);
  if (!Number.isInteger(tokens))
    throw new RangeError(`${bytes.length} bytes are no states of ${dimension} dimensions.`);
  return {
    starts: new Uint16Array(bytes.buffer, 0, tokens),
    weights: new Float32Array(bytes.slice(2 * tokens, 6 * tokens).buffer),
    values: new Float32Array(bytes.slice(6 * tokens).buffer),
  };
}
