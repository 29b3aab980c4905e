import type { ProblemParams } from '@midplane/contracts';

import type { ParseErrorCode } from './parse-error.js';
import type { MimeType } from './sniff.js';

/** What the parsing process is asked. */
export interface Request {
  path: string;
  fileName: string;
  outputPath: string;
  workDir: string;
  /** In bytes, for messages: the parent holds it up. */
  memoryLimit: number;
  /** Whether to send how much memory is resident: where the parent cannot read it itself. */
  reportMemory: boolean;
}

/** What it answers: how much memory it has, any number of times, and then one of the others. */
export type Answer =
  | { rssBytes: number }
  | {
      result: {
        mimeType: MimeType;
        title: string | null;
        pageCount: number | null;
        blockCount: number;
        scannedPages: number;
      };
    }
  | { error: { code: ParseErrorCode; params: ProblemParams } }
  /** A fault of the parser itself: a stack for the log. */
  | { fault: string };
