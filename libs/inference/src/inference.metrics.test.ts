import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createInference } from './inference.js';
import { publishMetrics } from './inference.metrics.js';
import { SHIPPED_MODEL } from './models/model-catalog.js';

it('publishes what waits, runs and has been done, and takes it away again', async () => {
  const registry = new Registry();
  const inference = createInference();
  const remove = publishMetrics(registry, inference);
  await inference.embed({ role: 'query', urgency: 'interactive', texts: ['年假有几天？', 'how many days?'] });

  const text = await registry.metrics();
  expect(text).toContain(`midplane_inference_texts_total{model="${SHIPPED_MODEL}"} 2`);
  expect(text).toMatch(new RegExp(`midplane_inference_tokens_total\\{model="${SHIPPED_MODEL}"\\} [1-9]`));
  expect(text).toContain(`midplane_inference_queued{model="${SHIPPED_MODEL}",urgency="bulk"} 0`);
  expect(text).toContain('midplane_inference_in_flight{model="ocr"} 0');
  expect(text).toContain(`midplane_inference_batches_total{model="${SHIPPED_MODEL}"} 2`);
  const [, bytes] = /midplane_inference_model_bytes\{[^}]*\} (\d+)/.exec(text)!;
  expect(Number(bytes)).toBeGreaterThan(30e6);
  // Asking again must not count again.
  expect(await registry.metrics()).toContain(`midplane_inference_texts_total{model="${SHIPPED_MODEL}"} 2`);

  remove();
  expect(await registry.metrics()).not.toContain('midplane_inference');
  await inference.close();
});
