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

/**
 * Reads a file into blocks, in a child process of its own.
 *
 * @throws ParseError for whatever is the file's fault or breaks the limits; nothing is left in the work
 * folder then.
 */
export function parseFile(_input: ParseInput, _options: ParseOptions): Promise<ParseResult> {
  throw new Error('being built');
}
