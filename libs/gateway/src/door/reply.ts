import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ExecutionResult, GraphQLError } from 'graphql';
import { type ProblemCode, type ProblemKind, PROBLEMS } from '@midplane/contracts';
import { statusOf, UserError } from '@midplane/kernel';
import { problemError } from '../problem/present-errors.js';
import { localeOf } from '../operation/locale.js';
import { GRAPHQL_RESPONSE, JSON_RESPONSE, responseType, type ResponseType } from './media-type.js';

/** Sends a result as GraphQL over HTTP says: the status depends on the media type. */
export function sendResult(reply: FastifyReply, result: ExecutionResult, type: ResponseType): FastifyReply {
  return reply
    .code(type === GRAPHQL_RESPONSE ? statusOfResult(result) : 200)
    .type(`${type}; charset=utf-8`)
    .send(JSON.stringify(result));
}

/**
 * With `application/json` everything that is a GraphQL result is 200. With the newer type: 200 with data, 400 for
 * what was not executed, and the status of the first error where nothing came of it.
 */
function statusOfResult({ data, errors }: ExecutionResult): number {
  if (data) return 200;
  const { code, kind } = errors?.[0]?.extensions ?? {};
  if (code === 'INTERNAL') return 500;
  return data === null && kind ? statusOf(kind as ProblemKind) : 400;
}

/** Sends errors under the status of HTTP itself: the request did not get as far as GraphQL. */
export function sendErrors(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  errors: readonly (GraphQLError | { message: string })[],
): FastifyReply {
  const type = responseType(request.headers.accept) ?? JSON_RESPONSE;
  return reply.code(status).type(`${type}; charset=utf-8`).send(JSON.stringify({ errors }));
}

/** Statuses that say more than the kind of the problem does. */
const STATUS: Partial<Record<ProblemCode, number>> = { UNAUTHENTICATED: 401, FILE_TOO_LARGE: 413 };

/** Sends an expected failure of the request as a whole, such as a missing key. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: UserError): FastifyReply {
  const status = STATUS[problem.code] ?? statusOf(PROBLEMS[problem.code].kind);
  if (status === 401) void reply.header('www-authenticate', 'Bearer');
  const locale = localeOf(request.headers['accept-language']);
  return sendErrors(request, reply, status, [problemError(problem, locale)]);
}
