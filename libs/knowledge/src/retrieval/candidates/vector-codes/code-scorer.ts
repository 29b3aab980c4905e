import { Best } from '../best.js';
import type { CodePlace } from '../code-rows.js';
import { type Program, programs } from './program.js';

/** Bytes of the factor that each code begins with. */
const FACTOR = 4;
/** Bytes of a row's id. */
const ID = 16;
/** What the numbers 0 to 7 of three bits lie around. */
const MIDDLE = 3.5;
/** Dimensions whose codes are compared at once. */
const BLOCK = 128;
/** Codes that are scored at once. */
const SCORED_AT_ONCE = 4096;

/** A code by how near its vector is. */
export interface ScoredCode extends CodePlace {
  /** The cosine, about. */
  score: number;
}

/**
 * Compares a vector with the codes of others, as they come in: `code_of_vector` in the migrations says what they are.
 * The score is the cosine of the vector and of what the code stands for.
 */
export class CodeScorer {
  private readonly program: Program;
  /** Bytes of one bit of each dimension. */
  private readonly bytes: number;
  /** Bytes of a code. */
  private readonly stride: number;
  private readonly outAt: number;
  private readonly codesAt: number;
  private readonly memory: Uint8Array;
  /** What each sum is too high by, and what a cosine of 1 is in sums. */
  private readonly offset: number;
  private readonly unit: number;
  /** Of the chunks that are written in Han characters, and of the others. */
  private readonly bestOf: { han: Best<ScoredCode>; other: Best<ScoredCode> };
  /** Ids of the rows whose codes wait in the memory, one behind the other. */
  private readonly rows = Buffer.allocUnsafe(ID * SCORED_AT_ONCE);
  /** How many codes each of them has, and among whose best these may be. */
  private waiting: { count: number; best: Best<ScoredCode> }[] = [];
  /** Codes in the memory. */
  private count = 0;

  /**
   * @param vector its dimension is a multiple of 128
   * @param limit how many codes of each script are looked for
   */
  constructor(vector: Float32Array, limit: number) {
    if (vector.length % BLOCK !== 0)
      throw new RangeError(`${vector.length} dimensions are no multiple of ${BLOCK}.`);
    this.bestOf = { han: new Best(limit), other: new Best(limit) };
    this.bytes = vector.length / 8;
    this.stride = FACTOR + 3 * this.bytes;
    const step = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127 || 1;
    const values = Int8Array.from(vector, (value) => Math.round(value / step));
    this.unit = Math.hypot(...vector) / step;
    this.offset = MIDDLE * values.reduce((sum, value) => sum + value, 0);
    this.outAt = vector.length;
    this.codesAt = this.outAt + 4 * SCORED_AT_ONCE;
    this.program = programs.take(this.codesAt + this.stride * SCORED_AT_ONCE);
    this.memory = new Uint8Array(this.program.memory.buffer);
    this.memory.set(inOrder(values));
  }

  /**
   * @param id of a row
   * @param han whether its chunks are written in Han characters
   * @param codes of it, one behind the other: 1 to 4,096
   */
  add(id: Buffer, han: boolean, codes: Buffer): void {
    const count = codes.length / this.stride;
    if (!Number.isInteger(count) || count > SCORED_AT_ONCE)
      throw new RangeError(`${codes.length} bytes are no codes of ${8 * this.bytes} dimensions.`);
    if (this.count + count > SCORED_AT_ONCE) this.score();
    this.memory.set(codes, this.codesAt + this.count * this.stride);
    this.rows.set(id, ID * this.waiting.length);
    this.waiting.push({ count, best: han ? this.bestOf.han : this.bestOf.other });
    this.count += count;
  }

  /** @returns the codes of the highest scores of each script, best first. Nothing can be added any more. */
  finish(): { han: ScoredCode[]; other: ScoredCode[] } {
    this.score();
    programs.giveBack(this.program);
    return { han: this.bestOf.han.sorted(), other: this.bestOf.other.sorted() };
  }

  private score(): void {
    if (this.count === 0) return;
    this.program.sums(this.codesAt, this.count, this.bytes, this.outAt);
    const { buffer } = this.program.memory;
    const sums = new Int32Array(buffer, this.outAt, this.count);
    const view = new DataView(buffer, this.codesAt);
    let code = 0;
    for (const [row, { count, best }] of this.waiting.entries())
      for (let place = 0; place < count; place++, code++) {
        const score = ((sums[code]! - this.offset) * view.getFloat32(code * this.stride)) / this.unit;
        if (score <= best.least) continue;
        best.add({ row: Buffer.from(this.rows.subarray(ID * row, ID * (row + 1))), place, score });
      }
    this.waiting = [];
    this.count = 0;
  }
}

/** A vector's values in the order in which the program takes codes apart. */
function inOrder(values: Int8Array): Int8Array {
  const ordered = new Int8Array(values.length);
  for (let d = 0; d < values.length; d++) {
    const ofBlock = d % BLOCK;
    ordered[d - ofBlock + 16 * (7 - (ofBlock % 8)) + (ofBlock >> 3)] = values[d]!;
  }
  return ordered;
}
