import type { FastifyInstance } from 'fastify';
import { traceIdOf } from '../operation/trace.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** 32 hex digits: the caller's W3C trace, or a new one. On the response as `x-trace-id`. */
    traceId: string;
  }
}

/** Nothing of ours is to be framed, sniffed, or run where it isn't meant to; pages loosen this for themselves. */
const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

/** Gives every response of the server its trace id and its security headers. */
export function addResponseHeaders(server: FastifyInstance): void {
  server.decorateRequest('traceId', '');
  server.addHook('onRequest', (request, reply, done) => {
    request.traceId = traceIdOf(request.headers.traceparent);
    void reply.headers({ ...SECURITY_HEADERS, 'x-trace-id': request.traceId });
    done();
  });
}
