/**
 * Token states for late interaction: centred, of length 1, rotated, and for passages quantized to 2 bits a dimension.
 *
 * A rotation leaves every comparison as it is, and spreads the few dimensions in which transformers put most of their
 * variance over all, so that one quantizer fits each value: they are then about normal, with variance 1 / dimension.
 */
import { type PassageStates, STATE_LEVELS, STATE_SCALE } from '@midplane/contracts';

/** Half-way between the outer two of `STATE_LEVELS`, where a value's code changes. */
const THRESHOLD = 0.9816;

/** Rounds of signs, permutation and Hadamard blocks; after three every value depends on all dimensions. */
const ROUNDS = 3;

interface Round {
  from: Uint16Array;
  signs: Float32Array;
}

/** A rotation that is always the same for a dimension. */
export class Rotation {
  readonly #rounds: Round[];
  readonly #block: number;
  readonly #scratch: Float32Array;
  readonly #dimension: number;

  /** @param dimension a multiple of 4 */
  constructor(dimension: number) {
    this.#dimension = dimension;
    const random = mulberry32(dimension);
    // The largest power of two that divides the dimension: 128 of 384.
    this.#block = dimension & -dimension;
    this.#scratch = new Float32Array(dimension);
    this.#rounds = Array.from({ length: ROUNDS }, () => ({
      from: permutation(dimension, random),
      signs: Float32Array.from({ length: dimension }, () => (random() < 0.5 ? -1 : 1)),
    }));
  }

  /** Turns the `dimension` values that begin at `at`, in place. */
  turn(values: Float32Array, at: number): void {
    const dimension = this.#dimension;
    const x = this.#scratch;
    const block = this.#block;
    const scale = 1 / Math.sqrt(block);
    for (const { from, signs } of this.#rounds) {
      for (let d = 0; d < dimension; d++)
        x[d] = (values[at + (from[d] as number)] as number) * (signs[d] as number);
      for (let half = 1; half < block; half *= 2) {
        for (let start = 0; start < dimension; start += 2 * half) {
          for (let d = start; d < start + half; d++) {
            const a = x[d] as number;
            const b = x[d + half] as number;
            x[d] = a + b;
            x[d + half] = a - b;
          }
        }
      }
      for (let d = 0; d < dimension; d++) values[at + d] = (x[d] as number) * scale;
    }
  }
}

/**
 * Takes a centre from each state and makes it of length 1, in place; then turns it.
 * @param states one after the other
 * @returns how far each lay from the centre
 */
export function centreAndTurn(states: Float32Array, centre: Float32Array, rotation: Rotation): Float32Array {
  const dimension = centre.length;
  const distances = new Float32Array(states.length / dimension);
  for (let at = 0; at < states.length; at += dimension) {
    let squares = 0;
    for (let d = 0; d < dimension; d++) {
      const value = (states[at + d] as number) - (centre[d] as number);
      states[at + d] = value;
      squares += value * value;
    }
    const distance = Math.sqrt(squares);
    distances[at / dimension] = distance;
    const scale = distance > 0 ? 1 / distance : 0;
    for (let d = 0; d < dimension; d++) states[at + d] = (states[at + d] as number) * scale;
    rotation.turn(states, at);
  }
  return distances;
}

/**
 * @param states turned, of length 1, one after the other
 * @returns their 2-bit codes, and for each the factor that gives what the codes stand for length 1 again
 */
export function quantize(states: Float32Array, dimension: number): Pick<PassageStates, 'scales' | 'codes'> {
  const tokens = states.length / dimension;
  const codes = new Uint8Array(states.length / 4);
  const scales = new Uint8Array(tokens);
  const deviations = Math.sqrt(dimension);
  for (let token = 0; token < tokens; token++) {
    let squares = 0;
    for (let d = 0; d < dimension; d++) {
      const at = token * dimension + d;
      const value = (states[at] as number) * deviations;
      const code = value < -THRESHOLD ? 0 : value < 0 ? 1 : value < THRESHOLD ? 2 : 3;
      codes[at >> 2] = (codes[at >> 2] as number) | (code << (2 * (at & 3)));
      squares += (STATE_LEVELS[code] as number) ** 2;
    }
    scales[token] = Math.min(255, Math.round((STATE_SCALE * deviations) / Math.sqrt(squares)));
  }
  return { scales, codes };
}

/** Numbers in [0, 1), always the same ones for a seed (mulberry32 by Tommy Ettinger, public domain). */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function permutation(length: number, random: () => number): Uint16Array {
  const places = Uint16Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [places[i], places[j]] = [places[j] as number, places[i] as number];
  }
  return places;
}
