import type { ProblemCode, ProblemParams } from '@midplane/contracts';

/** What parsing can end with, and whether the same file may succeed at another try. */
const RETRYABLE = {
  FILE_EMPTY: false,
  FILE_TYPE_UNKNOWN: false,
  FILE_TYPE_UNSUPPORTED: false,
  FILE_DAMAGED: false,
  FILE_PASSWORD: false,
  FILE_TOO_DEEP: false,
  ARCHIVE_BOMB: false,
  NO_TEXT: false,
  PARSE_TIMEOUT: true,
  PARSE_MEMORY: true,
  PARSE_CRASHED: true,
  PARSE_CANCELLED: true,
} as const satisfies Partial<Record<ProblemCode, boolean>>;

export type ParseErrorCode = keyof typeof RETRYABLE;

/**
 * A file could not be read, for a reason that a person can be told: `code` and `params` are a `Problem`
 * (`problemMessage` gives its text in English and Chinese).
 */
export class ParseError extends Error {
  readonly code: ParseErrorCode;
  readonly params: ProblemParams;

  constructor(code: ParseErrorCode, params: ProblemParams = {}, options?: ErrorOptions) {
    super(`${code} ${JSON.stringify(params)}`, options);
    this.name = 'ParseError';
    this.code = code;
    this.params = params;
  }

  /** Whether the same file may be read at another try (more time, more memory, another worker). */
  get retryable(): boolean {
    return RETRYABLE[this.code];
  }
}
