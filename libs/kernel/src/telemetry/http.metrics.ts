import type { FastifyInstance } from 'fastify';
import { Histogram } from 'prom-client';
import { registry } from './metrics.js';

const requestSeconds = new Histogram({
  name: 'midplane_http_request_seconds',
  help: 'HTTP requests until the last byte of their answer.',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
  registers: [registry],
});

/** Measures the requests of a server. Paths that no route has are counted together. */
export function observeRequests(server: FastifyInstance): void {
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    const labels = { method: request.method, route, status: String(reply.statusCode) };
    requestSeconds.observe(labels, reply.elapsedTime / 1_000);
    done();
  });
}
