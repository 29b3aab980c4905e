import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { decodeVector } from '@midplane/contracts';
import {
  ContextToken,
  kernelConfig,
  readConfig,
  runInContext,
  ServiceRegistry,
  type RequestContext,
  type UserError,
} from '@midplane/kernel';
import { afterAll, describe, expect, it } from 'vitest';
import { inferenceConfig, inferenceOptions } from './inference.config.js';
import { createInference } from './inference.js';
import { inferenceHandlers } from './inference.service.js';

const read = (env: NodeJS.ProcessEnv) => inferenceOptions(readConfig(env, kernelConfig, inferenceConfig));

const inference = createInference();
afterAll(() => inference.close());

const registry = new ServiceRegistry({}, new ContextToken(Buffer.alloc(32, 1)));
registry.serve('inference', inferenceHandlers(inference));
const client = registry.client('inference');

const context = (signal: AbortSignal): RequestContext => ({
  principal: { tenantId: 't', userId: 'u', groupIds: [], roles: ['application'] },
  traceId: 'trace',
  locale: 'en',
  signal,
});
const under = <T>(work: () => T, signal = new AbortController().signal): T =>
  runInContext(context(signal), work);

describe('the inference service', () => {
  it('embeds', async () => {
    const [model] = await under(() => client.embeddingModels());
    const answer = await under(() =>
      client.embed({ role: 'query', urgency: 'interactive', texts: ['年假有几天？', 'how many days?'] }),
    );
    expect(answer.model).toEqual(model);
    expect(answer.vectors.map((vector) => decodeVector(vector).length)).toEqual([384, 384]);
  });

  it('counts tokens', async () => {
    const { counts, overhead } = await under(() => client.countTokens({ texts: ['a', 'a b c d e f'] }));
    expect(counts[1]).toBeGreaterThan(counts[0]!);
    expect(overhead).toBeGreaterThan(0);
  });

  it('reads a picture', async () => {
    const image = new Blob([await readFile(new URL('./ocr/fixtures/leave-policy.png', import.meta.url))]);
    const { lines } = await under(() => client.ocr({ image }));
    expect(lines.map(({ text }) => text)).toContain('员工年休假管理办法');
  });

  it('passes on that a model is not there', async () => {
    const error = await under(() =>
      client.embed({ model: 'nowhere', role: 'query', urgency: 'bulk', texts: ['x'] }),
    ).catch((thrown: unknown) => thrown);
    expect((error as UserError).code).toBe('MODEL_NOT_FOUND');
  });

  it('stops where the caller has gone', async () => {
    const gone = new AbortController();
    const texts = Array.from({ length: 200 }, (_, i) => `${i} `.repeat(200));
    const work = under(() => client.embed({ role: 'passage', urgency: 'bulk', texts }), gone.signal);
    setTimeout(() => gone.abort(new Error('gone')), 50);
    await expect(work).rejects.toThrow();
    const loads = Object.values(await inference.load());
    expect(loads[0]!.queued.bulk).toBe(0);
  });
});

describe('the environment', () => {
  it('means the shipped model and no download where it is empty', () => {
    expect(read({})).toMatchObject({
      model: 'multilingual-e5-small-zh-en',
      endpoint: undefined,
      hub: undefined,
    });
  });

  it('allows the hub only in so many words', () => {
    expect(read({ MODELS_DOWNLOAD: 'true' }).hub?.endpoint).toBe('https://huggingface.co');
    expect(read({ HF_ENDPOINT: 'https://mirror.example' }).hub?.endpoint).toBe('https://mirror.example');
  });

  it('takes an endpoint with its model', () => {
    const { endpoint } = read({
      EMBEDDING_BASE_URL: 'http://tei:8080/v1',
      EMBEDDING_MODEL: 'bge-m3',
      EMBEDDING_QUERY_PREFIX: 'q: ',
      EMBEDDING_DIMENSION: '1024',
    });
    expect(endpoint).toMatchObject({
      model: 'bge-m3',
      dimension: 1024,
      prefixes: { query: 'q: ', passage: '' },
    });
    expect(() => read({ EMBEDDING_BASE_URL: 'http://tei:8080/v1' })).toThrow('EMBEDDING_MODEL');
  });

  it('asks the endpoint for its dimension where none is set', () => {
    const { endpoint } = read({ EMBEDDING_BASE_URL: 'http://tei:8080/v1', EMBEDDING_MODEL: 'm' });
    expect(endpoint?.dimension).toBeUndefined();
  });

  it('gives an inference the cores, at most 4', () => {
    expect(read({}).threads).toBe(Math.min(availableParallelism(), 4));
    expect(read({ INFERENCE_THREADS: '7' }).threads).toBe(7);
  });
});
