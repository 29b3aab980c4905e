import { crc32 } from 'node:zlib';
import { Best } from '../best.js';
import { bm25 } from '../bm25-scorer.js';
import type { CodePlace } from '../code-rows.js';
import { weightsOfAll, type WordWeight } from '../lexical-weights.js';
import { slotsOf } from '../slots.js';
import { reserve } from '../../web-assembly.js';
import { type Program, programs } from './program.js';

/** Bytes before the counts of a text: its row, its place there, its number of words. */
const HEAD = 8;
/** Slots for each word, at least. */
const SLOTS = 64;
/** Bytes of the shortest code. */
const LEAST = 6;
/** Bytes that the memory grows by more than is needed, so that it does so seldom. */
const SPARE = 2 ** 18;

/** A text by the words of a question. */
export interface RankedCode extends CodePlace {
  /** BM25. */
  score: number;
}

/**
 * Ranks texts by a question's words, as `TextRanking` does, but by the codes of their words: words of the same hash count
 * as one, which befalls one text in some ten thousand.
 */
export class WordCodeRanking {
  private readonly program: Program;
  private readonly mask: number;
  private readonly outAt: number;
  private readonly stride: number;
  private readonly rows: Buffer[] = [];
  /** Where the next count goes. */
  private out: number;

  /** @param words of the question, each once: 65,534 at most */
  constructor(private readonly words: readonly string[]) {
    const hashes = words.map(hashOf);
    const { mask, numbers } = slotsOf(hashes, SLOTS);
    this.mask = mask;
    this.outAt = numbers.byteLength + 4 * hashes.length;
    this.stride = HEAD + 4 * Math.ceil(words.length / 4);
    this.out = this.outAt;
    this.program = programs.take(this.outAt);
    const { buffer } = this.program.memory;
    new Uint16Array(buffer).set(numbers);
    new Int32Array(buffer, numbers.byteLength).set(hashes);
  }

  /** @param id of a row @param codes of its texts, one behind the other */
  add(id: Buffer, codes: Buffer): void {
    // They lie behind what may be counted of them.
    const codesAt = this.out + this.stride * Math.ceil(codes.length / LEAST);
    reserve(this.program, codesAt + codes.length + SPARE);
    new Uint8Array(this.program.memory.buffer).set(codes, codesAt);
    const end = codesAt + codes.length;
    this.out = this.program.count(codesAt, end, this.mask, this.rows.length, this.stride, this.out);
    this.rows.push(Buffer.from(id));
  }

  /**
   * @param weights of those of the words that the index has
   * @returns the texts that hold any of these, best first, `limit` at most. Nothing can be added any more.
   */
  best(weights: readonly WordWeight[], limit: number): RankedCode[] {
    const ofAll = weightsOfAll(this.words, weights);
    const { buffer } = this.program.memory;
    const bytes = new Uint8Array(buffer);
    const view = new DataView(buffer);
    const scored = new Best<{ at: number; score: number }>(limit);
    for (let at = this.outAt; at < this.out; at += this.stride) {
      const score = bm25(ofAll, bytes, view.getUint16(at + 6, true), at + HEAD);
      if (score > Math.max(0, scored.least)) scored.add({ at, score });
    }
    const best = scored.sorted().map(({ at, score }) => ({
      row: this.rows[view.getInt32(at, true)]!,
      place: view.getUint16(at + 4, true),
      score,
    }));
    programs.giveBack(this.program);
    return best;
  }
}

/** As `code_of_words` keeps it, its bytes from the lowest address on. */
function hashOf(word: string): number {
  const hash = crc32(word);
  return ((hash & 0xff) << 16) | (hash & 0xff00) | ((hash >>> 16) & 0xff);
}
