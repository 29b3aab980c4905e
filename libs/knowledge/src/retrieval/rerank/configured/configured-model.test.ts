import { createInference, inferenceHandlers, type Inference } from '@midplane/inference';
import { ContextToken, createLogger, runInContext, ServiceRegistry } from '@midplane/kernel';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ConfiguredModel } from './configured-model.js';

const withModel = (model: string): Inference =>
  createInference({
    rerankEndpoint: { baseUrl: 'http://127.0.0.1:9', model, batchSize: 1, concurrency: 1, timeoutMs: 100 },
  });

/** Whoever runs as inference at the moment: it may be started again with another configuration. */
let running: Inference;
let asked: number;
let model: ConfiguredModel;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  asked = 0;
  running = withModel('first');
  const registry = new ServiceRegistry({}, new ContextToken(Buffer.alloc(32, 1)));
  registry.serve('inference', {
    ...inferenceHandlers(running),
    rerankModels: () => {
      asked += 1;
      return inferenceHandlers(running).rerankModels(undefined);
    },
  });
  model = new ConfiguredModel(registry, createLogger('silent', 'test'));
});
afterEach(() => vi.useRealTimers());

const find = (signal = new AbortController().signal): Promise<string | null> =>
  runInContext(
    {
      principal: { tenantId: 't', userId: 'u', groupIds: [], roles: ['application'] },
      traceId: 'trace',
      locale: 'en',
      signal,
    },
    () => model.find(),
  );
const pass = (ms: number): unknown => vi.setSystemTime(Date.now() + ms);

it('is asked of inference once, also where many search at once', async () => {
  expect(model.known).toBeNull();
  expect(await Promise.all([find(), find(), find()])).toEqual(['first', 'first', 'first']);
  expect(await find()).toBe('first');
  expect(model.known).toBe('first');
  expect(asked).toBe(1);
});

it('is none where none is configured', async () => {
  running = createInference();
  expect(await find()).toBeNull();
  expect(await find()).toBeNull();
  expect(asked).toBe(1);
});

it('is asked again after a while, and no search waits for that', async () => {
  await find();
  running = withModel('second');
  pass(61_000);
  expect(await find()).toBe('first');
  await vi.waitFor(() => expect(model.known).toBe('second'));
  expect(asked).toBe(2);
});

it('is asked again at once where what was remembered is wrong', async () => {
  await find();
  running = createInference();
  model.forget();
  await find();
  await vi.waitFor(() => expect(asked).toBe(2));
  expect(await find()).toBeNull();
});

it('is what it was while inference does not answer, and none before it ever has', async () => {
  const broken = createInference({ rerankModel: 'not-there' });
  const well = running;
  running = broken;
  expect(await find()).toBeNull();
  running = well;
  expect(await find()).toBeNull();
  expect(asked).toBe(1);
  pass(11_000);
  await find();
  await vi.waitFor(() => expect(model.known).toBe('first'));
  running = broken;
  pass(61_000);
  await find();
  await vi.waitFor(() => expect(asked).toBe(3));
  expect(await find()).toBe('first');
});

it('is learnt though the search that asked has been cancelled', async () => {
  const gone = new AbortController();
  const finding = find(gone.signal);
  gone.abort(new Error('gone'));
  await finding;
  expect(model.known).toBe('first');
});
