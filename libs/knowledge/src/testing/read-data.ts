import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Block, TextBlock } from '../parse/block.js';
import { readFile } from '../parse/read-file.js';
import type { Reading } from '../parse/reading.js';
import { sniff, type MimeType } from '../parse/sniff.js';

export interface ReadData {
  mimeType: MimeType;
  title: string | null;
  pageCount: number | null;
  blocks: Block[];
  /** Those that are not scans. */
  texts: TextBlock[];
}

/** Reads data in this process, as the parser's child does in its own. Pictures of scans are gone afterwards. */
export async function readData(data: string | Uint8Array, fileName: string): Promise<ReadData> {
  const workDir = await mkdtemp(join(tmpdir(), 'read-data-'));
  try {
    const path = join(workDir, 'upload');
    await writeFile(path, data);
    const blocks: Block[] = [];
    const reading: Reading = {
      workDir,
      title: null,
      pageCount: null,
      write: (block) => {
        blocks.push(block);
        return Promise.resolve();
      },
    };
    const mimeType = await sniff(path, fileName);
    await readFile(path, mimeType, reading, 1 << 30);
    return {
      mimeType,
      title: reading.title,
      pageCount: reading.pageCount,
      blocks,
      texts: blocks.filter((block) => block.kind !== 'scan'),
    };
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

/** @returns all that comes, in order. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
