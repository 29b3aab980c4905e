import { Gauge, type Registry } from 'prom-client';
import type { InferenceQueue } from './inference-queue.js';

/**
 * Publishes how many jobs wait in Redis and are in workers' hands, read when somebody asks.
 * @returns takes the metric away again
 */
export function publishQueueMetrics(registry: Registry, queue: InferenceQueue): () => void {
  const name = 'midplane_inference_jobs';
  new Gauge({
    name,
    help: 'Jobs that wait for inference workers or are being done; the same in every process that asks them.',
    labelNames: ['kind', 'urgency', 'state'],
    registers: [registry],
    async collect() {
      this.reset();
      // A scrape is answered while Redis is away, too.
      for (const { kind, priority, waiting, active } of await queue.load().catch(() => [])) {
        this.set({ kind, urgency: priority, state: 'waiting' }, waiting);
        this.set({ kind, urgency: priority, state: 'active' }, active);
      }
    },
  });
  return () => registry.removeSingleMetric(name);
}
