import { UserError } from '@midplane/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Time of a request that was ours and not a model's, in ms. */
export const OVERHEAD_HEADER = 'x-midplane-overhead-ms';

/** @returns what the header says where so many ms of the time were a model's */
export const overheadOf = (reply: FastifyReply, upstreamMs: number): string =>
  Math.max(0, reply.elapsedTime - upstreamMs).toFixed(2);

/** @throws UserError INVALID_INPUT */
export function bodyOf(request: FastifyRequest): Record<string, unknown> {
  if (typeof request.body === 'object' && request.body !== null && !Array.isArray(request.body)) {
    return request.body as Record<string, unknown>;
  }
  throw new UserError('INVALID_INPUT', { field: 'body', detail: 'expected a JSON object' });
}
