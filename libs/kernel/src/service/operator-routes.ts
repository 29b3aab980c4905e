import type { FastifyInstance } from 'fastify';
import { abilitiesOf } from '../auth/abilities.js';
import { observeRequests } from '../telemetry/http.metrics.js';
import { registry } from '../telemetry/metrics.js';
import type { Kernel } from './kernel.js';

/** What an operator's machinery asks of every process: liveness, readiness, metrics. */
export function mountOperatorRoutes(server: FastifyInstance, { health, auth }: Kernel): void {
  observeRequests(server);
  server.get('/health/live', () => ({ live: true }));
  server.get('/health/ready', async (_, reply) => {
    const state = await health.ready();
    return reply.status(state.ready ? 200 : 503).send(state);
  });
  server.get('/metrics', async (request, reply) => {
    const who = await auth.authenticate(request.headers.authorization).catch(() => undefined);
    if (!who) return reply.status(401).header('www-authenticate', 'Bearer').send('A key is needed.\n');
    if (!abilitiesOf(who.principal).can('read', 'Usage')) {
      return reply.status(403).send('Metrics are for administrators and auditors.\n');
    }
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}
