import { isProblemCode, PROBLEMS, type Problem, type ProblemKind } from '@midplane/contracts';
import { mapEventIterator, ORPCError } from '@orpc/client';
import { UserError } from '../errors/errors.js';

const STATUS: Record<ProblemKind, number> = {
  InvalidInput: 400,
  NotFound: 404,
  Forbidden: 403,
  Conflict: 409,
  LimitExceeded: 429,
  Unavailable: 503,
  Refused: 403,
};

/** @returns the HTTP status that fits a kind of problem */
export const statusOf = (kind: ProblemKind): number => STATUS[kind];

/** A UserError as oRPC carries it; anything else as it is. */
export function toWire(error: unknown): unknown {
  if (!(error instanceof UserError)) return error;
  const { problem } = error;
  return new ORPCError('PROBLEM', {
    status: statusOf(PROBLEMS[problem.code].kind),
    message: error.message,
    data: problem,
  });
}

/** The reverse of {@link toWire}. */
export function fromWire(error: unknown): unknown {
  if (!(error instanceof ORPCError) || error.code !== 'PROBLEM') return error;
  const problem = error.data as Problem;
  return isProblemCode(problem?.code) ? new UserError(problem.code, problem.params) : error;
}

/** Applies `map` to what a call or, where it gives a stream, any of its items throws. */
export async function mapErrors<T>(call: () => T | Promise<T>, map: (error: unknown) => unknown): Promise<T> {
  try {
    const result = await call();
    if (typeof result === 'object' && result !== null && Symbol.asyncIterator in result) {
      const iterator = result as unknown as AsyncIterator<unknown, unknown, unknown>;
      return mapEventIterator(iterator, {
        value: async (value) => value,
        error: async (error) => map(error),
      }) as T;
    }
    return result;
  } catch (error) {
    throw map(error);
  }
}
