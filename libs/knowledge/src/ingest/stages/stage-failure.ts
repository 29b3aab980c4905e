import { PROBLEMS, type DocumentFailure, type IngestStage, type ProblemCode } from '@midplane/contracts';
import { UserError } from '@midplane/kernel';
import { ParseError } from '../../parse/index.js';

/** Outages: the same work may succeed soon without anybody's help, so jobs try it again before it counts as failed. */
const PASSING = new Set<ProblemCode>([
  'MODEL_UNAVAILABLE',
  'MODEL_OVERLOADED',
  'SERVICE_UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'RATE_LIMITED',
]);

/**
 * What a person is told of an error that ended a stage.
 * @returns undefined for an error that jobs should try again first
 */
export function finalFailure(error: unknown, stage: IngestStage): DocumentFailure | undefined {
  if (error instanceof ParseError) {
    const { code, params, retryable } = error;
    return code === 'PARSE_CANCELLED' ? undefined : { stage, code, params, retryable };
  }
  if (error instanceof UserError && !PASSING.has(error.code)) return problemFailure(error, stage);
  return undefined;
}

/** What a person is told when a stage is given up after all its attempts. */
export function givenUpFailure(error: unknown, stage: IngestStage): DocumentFailure {
  return error instanceof UserError
    ? problemFailure(error, stage)
    : { stage, code: 'INGEST_FAILED', params: {}, retryable: true };
}

function problemFailure({ problem: { code, params } }: UserError, stage: IngestStage): DocumentFailure {
  const { kind } = PROBLEMS[code];
  return { stage, code, params, retryable: kind === 'Unavailable' || kind === 'LimitExceeded' };
}
