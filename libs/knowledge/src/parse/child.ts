/**
 * The process that a file is parsed in: it gets one request by IPC, writes the blocks to a file, answers and ends. It
 * ends as well when its parent does. Started from source it runs with Node's type stripping, so that this module and
 * what it imports keep to syntax that can be stripped: no enums, decorators or parameter properties.
 */
import { closeSync, openSync, writeSync } from 'node:fs';

import type { Block } from './block.js';
import type { Answer, Request } from './messages.js';
import { ParseError } from './parse-error.js';
import { readFile } from './read-file.js';
import type { Reading } from './reading.js';
import { sniff } from './sniff.js';

const WRITE_SIZE = 1 << 16;
/** Between letting the event loop see whether the parent is still there, in milliseconds. */
const BREATHE = 100;

process.once('message', (request: Request) => {
  void parse(request).then(answer);
});
process.once('disconnect', () => {
  process.exit(1);
});

function answer(message: Answer): void {
  process.send?.(message, undefined, undefined, () => {
    process.exit(0);
  });
}

async function parse(request: Request): Promise<Answer> {
  const memory = request.reportMemory
    ? setInterval(() => process.send?.({ rssBytes: process.memoryUsage.rss() } satisfies Answer), 100)
    : undefined;
  const output = openSync(request.outputPath, 'w', 0o600);
  let buffered = '';
  let blockCount = 0;
  let scannedPages = 0;
  let breathed = Date.now();
  const flush = (): void => {
    if (buffered !== '') writeSync(output, buffered);
    buffered = '';
  };
  const reading: Reading = {
    workDir: request.workDir,
    title: null,
    pageCount: null,
    write: async (block) => {
      const kept = storable(block);
      if (!kept) return;
      buffered += `${JSON.stringify(kept)}\n`;
      blockCount++;
      if (kept.kind === 'scan') scannedPages++;
      if (buffered.length > WRITE_SIZE) flush();
      if (Date.now() - breathed > BREATHE) {
        await new Promise((resolve) => setImmediate(resolve));
        breathed = Date.now();
      }
    },
  };
  try {
    const mimeType = await sniff(request.path, request.fileName);
    await readFile(request.path, mimeType, reading, request.memoryLimit);
    flush();
    if (blockCount === 0) throw new ParseError('NO_TEXT');
    return {
      result: { mimeType, title: reading.title, pageCount: reading.pageCount, blockCount, scannedPages },
    };
  } catch (error) {
    if (error instanceof ParseError) return { error: { code: error.code, params: error.params } };
    return { fault: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  } finally {
    clearInterval(memory);
    closeSync(output);
  }
}

/** @returns a block that JSON and a database take: offsets stay, as each bad character is replaced by one. */
function storable(block: Block): Block | null {
  if (block.kind === 'scan') return block;
  const text = block.text.replaceAll('\0', ' ').toWellFormed();
  return text.trim() === '' ? null : { ...block, text };
}
