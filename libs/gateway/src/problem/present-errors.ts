import { type ExecutionResult, GraphQLError } from 'graphql';
import { PROBLEMS, type Locale } from '@midplane/contracts';
import { asError, type Logger, UserError } from '@midplane/kernel';
import type { OperationContext } from '../operation/operation-context.js';
import { retryAfterMs } from './outcome.js';

const FAULT: Record<Locale, (traceId: string) => string> = {
  en: (traceId) =>
    `Something went wrong here. Please try again; if it stays, tell the operator the trace id ${traceId}.`,
  zh: (traceId) => `系统内部出现错误。请重试；若问题仍在，请将追踪编号 ${traceId} 告知管理员。`,
};

/** @returns an expected failure as a GraphQL error, for fields that have no union to say it with */
export function problemError(error: UserError, locale: Locale): GraphQLError {
  const { kind } = PROBLEMS[error.code];
  const wait = retryAfterMs(error);
  return new GraphQLError(error.messageIn(locale), {
    extensions: { code: error.code, kind, ...(wait === undefined ? {} : { retryAfterMs: wait }) },
  });
}

/** @returns a fault as the client may see it; what it was goes to the log under the same trace id */
export function faultError(thrown: unknown, traceId: string, locale: Locale, logger: Logger): GraphQLError {
  logger.error({ err: asError(thrown), traceId }, 'a request failed');
  return new GraphQLError(FAULT[locale](traceId), { extensions: { code: 'INTERNAL', traceId } });
}

/**
 * Makes the errors of a result fit to be seen: expected failures in the language of the request, faults without
 * their details. Errors of the document or its variables stay as they are.
 */
export function presentErrors(
  { data, errors }: ExecutionResult,
  { request: { traceId, locale } }: OperationContext,
  logger: Logger,
): ExecutionResult {
  if (!errors) return { data };
  const presented = errors.map((error) => {
    const cause = error.originalError;
    // Only what happened while executing has a path.
    if (!error.path && !cause) return error;
    const shown =
      cause instanceof UserError
        ? problemError(cause, locale)
        : isForClient(cause)
          ? cause
          : faultError(cause ?? error, traceId, locale, logger);
    const { locations, path } = error;
    // Errors of compiled operations have no nodes to take the locations from.
    return Object.assign(new GraphQLError(shown.message, { path, extensions: shown.extensions }), {
      locations,
    });
  });
  return data === undefined ? { errors: presented } : { data, errors: presented };
}

const isForClient = (cause: unknown): cause is GraphQLError =>
  cause instanceof GraphQLError && typeof cause.extensions?.code === 'string';
