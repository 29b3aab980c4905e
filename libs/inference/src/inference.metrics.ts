import { Counter, Gauge, type Registry } from 'prom-client';
import type { Inference } from './inference.js';

const PREFIX = 'midplane_inference';

/**
 * Publishes how busy the models are, read when somebody asks: what waits and runs, and texts, tokens and busy seconds
 * so far (tokens / busy seconds is the rate).
 * @returns takes the metrics away again
 */
export function publishMetrics(registry: Registry, inference: Inference): () => void {
  const registers = [registry];
  const each = async (
    publish: (model: string, load: Awaited<ReturnType<Inference['load']>>[string]) => void,
  ) => {
    for (const [model, load] of Object.entries(await inference.load())) publish(model, load);
  };
  const total = (name: string, help: string, field: 'texts' | 'tokens' | 'busySeconds') =>
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
        this.set({ model: 'ocr', urgency: 'bulk' }, inference.ocrLoad().queued);
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
        this.set({ model: 'ocr' }, inference.ocrLoad().inFlight);
        await each((model, { inFlight }) => this.set({ model }, inFlight));
      },
    }),
    total('texts', 'Texts embedded, reranked or classified; stretches of sound transcribed.', 'texts'),
    total(
      'tokens',
      'Tokens that models took, prefixes and questions included; those that a speech model wrote.',
      'tokens',
    ),
    total('busy_seconds', 'Seconds that workers and connections were busy with them.', 'busySeconds'),
  ];
  return () => {
    for (const { name } of published as unknown as { name: string }[]) registry.removeSingleMetric(name);
  };
}
