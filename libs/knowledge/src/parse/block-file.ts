import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';

import type { Block } from './block.js';

/** @returns the blocks of a JSONL file, one after the other: never more than one in memory. */
export async function* readBlocks(path: string): AsyncGenerator<Block> {
  const lines = createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity });
  for await (const line of lines) if (line !== '') yield JSON.parse(line) as Block;
}

/**
 * Writes blocks as JSONL, one after the other: OCR replaces the scans of a parse's output by their text so.
 *
 * @returns how many were written
 */
export async function writeBlocks(path: string, blocks: AsyncIterable<Block>): Promise<number> {
  await using file = await open(path, 'w');
  let count = 0;
  for await (const block of blocks) {
    await file.write(`${JSON.stringify(block)}\n`);
    count++;
  }
  return count;
}
