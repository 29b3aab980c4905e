import { type Locale, type ProblemCode, type ProblemKind, PROBLEMS } from '@midplane/contracts';
import { type Logger, statusOf, UserError } from '@midplane/kernel';
import type { FastifyError } from 'fastify';
import { retryAfterMs } from '../problem/outcome.js';
import { faultError } from '../problem/present-errors.js';

/** An error as OpenAI's clients read it. */
export interface OpenAiError {
  status: number;
  /** Seconds that the client is to wait. */
  retryAfter: number | undefined;
  body: { error: { message: string; type: string; param: string | null; code: string | null } };
}

const TYPES: Record<ProblemKind, string> = {
  InvalidInput: 'invalid_request_error',
  NotFound: 'invalid_request_error',
  Forbidden: 'permission_error',
  Conflict: 'invalid_request_error',
  LimitExceeded: 'rate_limit_error',
  Unavailable: 'server_error',
  Refused: 'invalid_request_error',
};

/** Where OpenAI has a word of its own, which its clients branch on. */
const OWN: Partial<Record<ProblemCode, { status?: number; type?: string; code?: string }>> = {
  UNAUTHENTICATED: { status: 401, type: 'authentication_error', code: 'invalid_api_key' },
  MODEL_NOT_FOUND: { status: 404, code: 'model_not_found' },
  MODEL_BUDGET_SPENT: { type: 'insufficient_quota', code: 'insufficient_quota' },
  MODEL_RATE_LIMITED: { code: 'rate_limit_exceeded' },
  RATE_LIMITED: { code: 'rate_limit_exceeded' },
  FILE_TOO_LARGE: { status: 413, type: 'invalid_request_error' },
  AUDIO_TOO_LONG: { status: 400, type: 'invalid_request_error' },
};

/** @returns whatever was thrown as the client may see it; a fault goes to the log under the trace id */
export function openAiError(thrown: unknown, traceId: string, locale: Locale, logger: Logger): OpenAiError {
  if (thrown instanceof UserError) {
    const { kind } = PROBLEMS[thrown.code];
    const own = OWN[thrown.code] ?? {};
    const { field } = thrown.problem.params;
    const waitMs = retryAfterMs(thrown);
    return {
      status: own.status ?? statusOf(kind),
      retryAfter: waitMs === undefined ? undefined : Math.ceil(waitMs / 1000),
      body: {
        error: {
          message: thrown.messageIn(locale),
          type: own.type ?? TYPES[kind],
          param: typeof field === 'string' ? field : null,
          code: own.code ?? thrown.code,
        },
      },
    };
  }
  const { statusCode, message } = thrown as Partial<FastifyError>;
  if (statusCode !== undefined && statusCode < 500) {
    const error = { message: message ?? '', type: 'invalid_request_error', param: null, code: null };
    return { status: statusCode, retryAfter: undefined, body: { error } };
  }
  const fault = faultError(thrown, traceId, locale, logger);
  const error = { message: fault.message, type: 'server_error', param: null, code: 'INTERNAL' };
  return { status: 500, retryAfter: undefined, body: { error } };
}
