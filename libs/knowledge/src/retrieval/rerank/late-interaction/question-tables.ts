import { type QuestionStates, STATE_LEVELS, STATE_SCALE, unpackPassageStates } from '@midplane/contracts';

/** Question tokens that are summed in one 64-bit float: 16 bits of its 53 for each. */
const LANES = 3;
const LANE = 2 ** 16;
const LANES_2 = LANE * LANE;

/** How the tokens of a question meet those of a passage. */
export interface Similarities {
  /** Question tokens × passage tokens, row by row: cosines. */
  values: Float32Array;
  /** UTF-16 offset of each passage token in its text. */
  starts: Uint16Array;
}

/** The best match of each question token in a passage. */
export interface BestMatches {
  /** Its cosine, for each question token. */
  cosines: Float32Array;
  /** UTF-16 offset of the passage token. */
  starts: Uint16Array;
}

/**
 * Cosines of a question's tokens with those of passages, out of their 2-bit codes. A byte of codes stands for four
 * dimensions, so what it adds to a dot product is one of 256 numbers, which are worked out once for each question. They
 * are rounded to whole numbers, so that three question tokens share one addition; 96 of them are off by .001 at most.
 */
export class QuestionTables {
  /** Tokens of the question. */
  readonly tokens: number;
  readonly #dimension: number;
  readonly #tables: Float64Array[];
  readonly #steps: Float64Array;
  readonly #bases: Float64Array;

  /** @param dimension a multiple of 4 */
  constructor({ values }: Pick<QuestionStates, 'values'>, dimension: number) {
    this.tokens = values.length / dimension;
    this.#dimension = dimension;
    this.#steps = new Float64Array(this.tokens);
    this.#bases = new Float64Array(this.tokens);
    const bytes = dimension / 4;
    this.#tables = Array.from(
      { length: Math.ceil(this.tokens / LANES) },
      () => new Float64Array(bytes * 256),
    );
    for (let token = 0; token < this.tokens; token++) this.#fill(token, values);
  }

  /** @param packed the passage's states as they are stored. @throws RangeError where they are not of this dimension */
  similarities(packed: Uint8Array): Similarities {
    const { starts, scales, codes } = unpackPassageStates(packed, this.#dimension);
    const values = new Float32Array(this.tokens * starts.length);
    const bytes = this.#dimension / 4;
    for (const [lane, table] of this.#tables.entries()) {
      const first = lane * LANES;
      for (let token = 0; token < starts.length; token++) {
        let sum = 0;
        const from = token * bytes;
        for (let byte = 0; byte < bytes; byte++) sum += table[(byte << 8) | codes[from + byte]!]!;
        const scale = scales[token]! / STATE_SCALE;
        const third = Math.floor(sum / LANES_2);
        const rest = sum - third * LANES_2;
        const second = Math.floor(rest / LANE);
        this.#set(values, first, starts.length, token, rest - second * LANE, scale);
        this.#set(values, first + 1, starts.length, token, second, scale);
        this.#set(values, first + 2, starts.length, token, third, scale);
      }
    }
    return { values, starts };
  }

  #set(values: Float32Array, row: number, width: number, token: number, sum: number, scale: number): void {
    if (row < this.tokens)
      values[row * width + token] = (sum * this.#steps[row]! + this.#bases[row]!) * scale;
  }

  #fill(token: number, values: Float32Array): void {
    const dimension = this.#dimension;
    const bytes = dimension / 4;
    const partial = new Float64Array(bytes * 256);
    const pairs = [new Float64Array(16), new Float64Array(16)];
    let widest = 0;
    const least = new Float64Array(bytes);
    for (let byte = 0; byte < bytes; byte++) {
      for (const [half, pair] of pairs.entries()) {
        const at = token * dimension + byte * 4 + half * 2;
        for (let codes = 0; codes < 16; codes++)
          pair[codes] = values[at]! * STATE_LEVELS[codes & 3]! + values[at + 1]! * STATE_LEVELS[codes >> 2]!;
      }
      const [low, high] = pairs as [Float64Array, Float64Array];
      for (let codes = 0; codes < 256; codes++)
        partial[(byte << 8) | codes] = low[codes & 15]! + high[codes >> 4]!;
      const lowest = Math.min(...low) + Math.min(...high);
      widest = Math.max(widest, Math.max(...low) + Math.max(...high) - lowest);
      least[byte] = lowest;
    }
    // The sum over all bytes has to stay below a lane's 16 bits.
    const step = widest / Math.floor((LANE - 1) / bytes) || 1;
    const table = this.#tables[Math.floor(token / LANES)]!;
    const lane = LANE ** (token % LANES);
    for (let i = 0; i < partial.length; i++)
      table[i]! += Math.round((partial[i]! - least[i >> 8]!) / step) * lane;
    const deviations = Math.sqrt(dimension);
    this.#steps[token] = step / deviations;
    this.#bases[token] = least.reduce((sum, value) => sum + value, 0) / deviations;
  }
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
