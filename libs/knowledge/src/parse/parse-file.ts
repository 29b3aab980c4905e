import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { CHILD, childFlags } from './child-process.js';
import type { Answer, Request } from './messages.js';
import { ParseError } from './parse-error.js';
import type { MimeType } from './sniff.js';

export interface ParseInput {
  /** The file on disk; it is only read. */
  path: string;
  /** As the user named it: settles the type between text formats only. */
  fileName: string;
}

export interface ParseOptions {
  /** JSONL, one `Block` a line, written page by page; read it with `readBlocks`. Inside `workDir`. */
  outputPath: string;
  /** An existing folder for the output and the pictures of scanned pages; the caller removes it. */
  workDir: string;
  /** Wall-clock milliseconds the child may run. */
  deadlineMs: number;
  /** Resident bytes the child may reach. */
  maxRssBytes: number;
  signal?: AbortSignal;
}

export interface ParseResult {
  mimeType: MimeType;
  /** The document's own title, one line without control characters. */
  title: string | null;
  /** Of sources that have pages (PDF, PPTX, and roughly DOCX). */
  pageCount: number | null;
  blockCount: number;
  /** How many blocks of kind `scan` wait for OCR. */
  scannedPages: number;
  /** The greatest resident memory that was seen of the child. */
  peakRssBytes: number;
}

/** Between two looks at the child's memory, in milliseconds: it may grow by a gigabyte a second. */
const WATCH_EVERY = 40;
/** What of the child's last words is kept for the log. */
const STDERR_KEPT = 4000;

/**
 * Reads a file into blocks, in a child process of its own: what a file does to a parser, it does to that process
 * only. The child has an empty environment, may read nothing but its code and the file, and may write nowhere but in
 * the work folder; it is killed at the deadline and when its resident memory passes the limit.
 *
 * @throws ParseError for whatever is the file's fault or breaks the limits; nothing is left in the work folder then
 */
export async function parseFile(input: ParseInput, options: ParseOptions): Promise<ParseResult> {
  if (options.signal?.aborted) throw new ParseError('PARSE_CANCELLED');
  const path = realpathSync(input.path);
  const workDir = realpathSync(options.workDir);
  const child = fork(CHILD, [], {
    cwd: workDir,
    env: {},
    execArgv: childFlags(path, workDir, options.maxRssBytes),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  try {
    return await watch(child, options, {
      path,
      fileName: input.fileName,
      outputPath: options.outputPath,
      workDir,
      memoryLimit: options.maxRssBytes,
      reportMemory: residentMemory(process.pid) === null,
    });
  } catch (error) {
    await clean(options);
    throw error;
  }
}

function watch(child: ChildProcess, options: ParseOptions, request: Request): Promise<ParseResult> {
  return new Promise((resolve, reject) => {
    let answer: Answer | undefined;
    let stopped: ParseError | undefined;
    let peakRssBytes = 0;
    let lastWords = '';
    const stop = (reason: ParseError): void => {
      stopped ??= reason;
      child.kill('SIGKILL');
    };
    const seen = (rss: number): void => {
      peakRssBytes = Math.max(peakRssBytes, rss);
      if (rss > options.maxRssBytes)
        stop(new ParseError('PARSE_MEMORY', { megabytes: options.maxRssBytes >> 20 }));
    };
    const memory = setInterval(() => {
      seen(residentMemory(child.pid) ?? 0);
    }, WATCH_EVERY);
    const deadline = setTimeout(() => {
      stop(new ParseError('PARSE_TIMEOUT', { seconds: Math.round(options.deadlineMs / 1000) }));
    }, options.deadlineMs);
    const cancel = (): void => {
      stop(new ParseError('PARSE_CANCELLED'));
    };
    options.signal?.addEventListener('abort', cancel, { once: true });
    child.stderr?.on('data', (piece: Buffer) => {
      lastWords = (lastWords + piece.toString()).slice(-STDERR_KEPT);
    });
    child.on('message', (message: Answer) => {
      if ('rssBytes' in message) seen(message.rssBytes);
      else answer = message;
    });
    child.on('error', (error) => {
      lastWords += error.message;
      child.kill('SIGKILL');
    });
    child.once('close', () => {
      clearInterval(memory);
      clearTimeout(deadline);
      options.signal?.removeEventListener('abort', cancel);
      if (stopped) reject(stopped);
      else if (answer && 'result' in answer) resolve({ ...answer.result, peakRssBytes });
      else if (answer && 'error' in answer) reject(new ParseError(answer.error.code, answer.error.params));
      else if (/heap out of memory|heap limit|allocation failed/i.test(lastWords))
        reject(new ParseError('PARSE_MEMORY', { megabytes: options.maxRssBytes >> 20 }));
      else
        reject(
          new ParseError(
            'PARSE_CRASHED',
            {},
            { cause: new Error(answer && 'fault' in answer ? answer.fault : lastWords) },
          ),
        );
    });
    child.send(request);
  });
}

/** @returns resident bytes of a process; null where the system doesn't say (there is no /proc, or it has ended). */
function residentMemory(pid: number | undefined): number | null {
  try {
    const kilobytes = /^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null;
  }
}

async function clean({ outputPath, workDir }: ParseOptions): Promise<void> {
  const pictures = (await readdir(workDir))
    .filter((name) => /^page-\d+\.png$/.test(name))
    .map((name) => join(workDir, name));
  for (const path of [outputPath, ...pictures]) await rm(path, { force: true });
}
