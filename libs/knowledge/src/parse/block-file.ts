import { readJsonLines, writeJsonLines } from '../json-lines.js';
import type { Block } from './block.js';

/** @returns the blocks of a JSONL file, one after the other: never more than one in memory. */
export function readBlocks(path: string): AsyncGenerator<Block> {
  return readJsonLines<Block>(path);
}

/**
 * Writes blocks as JSONL, one after the other: OCR replaces the scans of a parse's output by their text so.
 *
 * @returns how many were written
 */
export function writeBlocks(path: string, blocks: AsyncIterable<Block>): Promise<number> {
  return writeJsonLines(path, blocks);
}
