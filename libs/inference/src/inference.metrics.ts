import { Counter, Gauge, type Registry } from 'prom-client';
import type { Inference } from './inference.js';

const PREFIX = 'midplane_inference';

/**
 * Publishes how busy the models are, read when somebody asks: what waits and runs, what they hold in memory, and texts,
 * batches, tokens and busy seconds so far (tokens / busy seconds is the rate).
 * @returns takes the metrics away again
 */
export function publishMetrics(registry: Registry, inference: Inference): () => void {
  const registers = [registry];
  const each = async (
    publish: (model: string, load: Awaited<ReturnType<Inference['load']>>[string]) => void,
  ) => {
    for (const [model, load] of Object.entries(await inference.load())) publish(model, load);
  };
  const total = (name: string, help: string, field: 'texts' | 'batches' | 'tokens' | 'busySeconds') =>
    new Counter({
      name: `${PREFIX}_${name}_total`,
      help,
      labelNames: ['model'],
      registers,
      async collect() {
        this.reset();
        await each((model, load) => this.inc({ model }, load[field]));
      },
    });
  const published = [
    new Gauge({
      name: `${PREFIX}_queued`,
      help: 'Texts that wait, by urgency; pictures, for OCR.',
      labelNames: ['model', 'urgency'],
      registers,
      async collect() {
        this.reset();
        await each((model, { queued }) => {
          for (const [urgency, count] of Object.entries(queued)) this.set({ model, urgency }, count);
        });
      },
    }),
    new Gauge({
      name: `${PREFIX}_in_flight`,
      help: 'Texts being worked on; pictures, for OCR.',
      labelNames: ['model'],
      registers,
      async collect() {
        this.reset();
        await each((model, { inFlight }) => this.set({ model }, inFlight));
      },
    }),
    total(
      'texts',
      'Texts embedded, reranked or classified; pictures, for OCR; stretches of sound, for speech.',
      'texts',
    ),
    total(
      'batches',
      'Runs of models, or requests to endpoints: texts / batches is the size of a batch.',
      'batches',
    ),
    total(
      'tokens',
      'Tokens that models took, prefixes and questions included; those that a speech model wrote.',
      'tokens',
    ),
    total('busy_seconds', 'Seconds that workers and connections were busy with them.', 'busySeconds'),
    new Gauge({
      name: `${PREFIX}_model_bytes`,
      help: 'Weights in memory, of all worker threads together.',
      labelNames: ['model'],
      registers,
      collect() {
        this.reset();
        for (const [model, bytes] of Object.entries(inference.memory())) this.set({ model }, bytes);
      },
    }),
  ];
  return () => {
    for (const { name } of published as unknown as { name: string }[]) registry.removeSingleMetric(name);
  };
}
