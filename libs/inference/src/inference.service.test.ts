import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
import { writeOverlapModel } from '@midplane/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { inferenceConfig, inferenceOptions } from './inference.config.js';
import { createInference } from './inference.js';
import { inferenceHandlers } from './inference.service.js';
import { SHIPPED_MODEL } from './models/model-catalog.js';

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

  it('reranks with the model that is asked for, or says that none is configured', async () => {
    const modelsDir = await mkdtemp(join(tmpdir(), 'midplane-rerankers-'));
    const tokenizer = fileURLToPath(new URL(`../models/${SHIPPED_MODEL}`, import.meta.url));
    await writeOverlapModel(join(modelsDir, 'overlap'), { tokenizer });
    const own = createInference({ modelsDir });
    const registry = new ServiceRegistry({}, new ContextToken(Buffer.alloc(32, 1)));
    registry.serve('inference', inferenceHandlers(own));
    const rerank = (input: { model?: string; texts: string[] }) =>
      under(() =>
        registry.client('inference').rerank({ query: 'paid leave', urgency: 'interactive', ...input }),
      );
    const { configured, others } = await under(() => registry.client('inference').rerankModels());
    expect([configured, others.map(({ name }) => name)]).toEqual([null, ['overlap']]);
    const { model, scores } = await rerank({ model: 'overlap', texts: ['the kitchen', 'paid leave'] });
    expect(model).toEqual(others[0]);
    expect(scores[1]).toBeGreaterThan(scores[0]!);
    await expect(rerank({ texts: ['x'] })).rejects.toMatchObject({ code: 'RERANKER_NOT_CONFIGURED' });
    await expect(rerank({ model: 'overlap', texts: [] })).rejects.toThrow();
    await expect(
      rerank({ model: 'overlap', texts: Array.from({ length: 201 }, () => 'x') }),
    ).rejects.toThrow();
    await own.close();
    await rm(modelsDir, { recursive: true });
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

  it('means no reranker where it names none', () => {
    const { rerankModel, rerankEndpoint } = read({});
    expect([rerankModel, rerankEndpoint]).toEqual([undefined, undefined]);
  });

  it('takes a reranker of a folder or hub, or an endpoint with its model', () => {
    expect(read({ RERANK_MODEL: 'BAAI/bge-reranker-v2-m3' })).toMatchObject({
      rerankModel: 'BAAI/bge-reranker-v2-m3',
    });
    const { rerankModel, rerankEndpoint } = read({
      RERANK_MODEL: 'rerank-v3.5',
      RERANK_BASE_URL: 'https://api.cohere.com',
      RERANK_API_KEY: 'secret',
      RERANK_TIMEOUT_MS: '800',
    });
    expect(rerankModel).toBeUndefined();
    expect(rerankEndpoint).toEqual({
      baseUrl: 'https://api.cohere.com',
      model: 'rerank-v3.5',
      protocol: undefined,
      apiKey: 'secret',
      maxTokens: undefined,
      batchSize: 32,
      concurrency: 4,
      timeoutMs: 800,
    });
  });

  it('takes a speech model and a classifier of a folder or hub, or endpoints with theirs', () => {
    const local = read({ TRANSCRIBE_MODEL: 'whisper-base', CLASSIFY_MODEL: 'guard' });
    expect(local).toMatchObject({
      transcribeModel: 'whisper-base',
      transcribeSeconds: 3600,
      classifyModel: 'guard',
    });
    expect([local.transcribeEndpoint, local.classifyEndpoint]).toEqual([undefined, undefined]);
    const options = read({
      TRANSCRIBE_MODEL: 'whisper-1',
      TRANSCRIBE_BASE_URL: 'https://api.example.com/v1',
      TRANSCRIBE_API_KEY: 'secret',
      TRANSCRIBE_MAX_MINUTES: '90',
      CLASSIFY_MODEL: 'guard',
      CLASSIFY_BASE_URL: 'http://tei:8080',
      CLASSIFY_BATCH_SIZE: '8',
    });
    expect(options).toMatchObject({
      transcribeEndpoint: {
        baseUrl: 'https://api.example.com/v1',
        model: 'whisper-1',
        apiKey: 'secret',
        concurrency: 2,
        timeoutMs: 300_000,
      },
      transcribeSeconds: 5400,
      classifyEndpoint: { baseUrl: 'http://tei:8080', model: 'guard', batchSize: 8, concurrency: 4 },
    });
    expect([options.transcribeModel, options.classifyModel]).toEqual([undefined, undefined]);
  });

  it('names all variables that contradict each other at once, and no secret', () => {
    const mistaken = () =>
      read({
        EMBEDDING_BASE_URL: 'http://tei:8080/v1',
        RERANK_API_KEY: 'hunter2',
        RERANK_PROTOCOL: 'jina',
        RERANK_MAX_TOKENS: '512',
        CLASSIFY_API_KEY: 'hunter2',
        TRANSCRIBE_BASE_URL: 'http://vllm:8000/v1',
      });
    for (const name of [
      'EMBEDDING_MODEL',
      'RERANK_API_KEY',
      'RERANK_PROTOCOL',
      'RERANK_MAX_TOKENS',
      'CLASSIFY_BASE_URL',
      'TRANSCRIBE_MODEL',
    ])
      expect(mistaken).toThrow(name);
    expect(mistaken).not.toThrow(/hunter2/);
    expect(() => read({ RERANK_BASE_URL: 'http://tei:8080' })).toThrow('RERANK_MODEL');
    expect(() => read({ RERANK_PROTOCOL: 'openai', RERANK_BASE_URL: 'http://x' })).toThrow('RERANK_PROTOCOL');
  });

  it('runs models here unless told to have workers do it, or to be one', () => {
    expect(read({ REDIS_URL: 'redis://r' }).runs).toEqual({ place: 'here' });
    expect(
      read({
        REDIS_URL: 'redis://r',
        INFERENCE_QUEUE: 'redis',
        INFERENCE_QUEUE_JOBS: '9',
        INFERENCE_QUEUE_MB: '64',
      }).runs,
    ).toEqual({
      place: 'workers',
      queue: { redisUrl: 'redis://r', jobsWaiting: 9, bytesInRedis: 64e6, textsWaiting: 8192 },
    });
    const worker = { REDIS_URL: 'redis://r', INFERENCE_ROLE: 'worker' };
    expect(read({ ...worker, INFERENCE_KINDS: 'embed, transcribe', JOB_LEASE_MS: '900' }).runs).toEqual({
      place: 'worker',
      worker: {
        redisUrl: 'redis://r',
        kinds: ['embed', 'transcribe'],
        inHand: { interactive: 8, counting: 4, bulk: 2 },
        leaseMs: 900,
      },
    });
    expect(read(worker).runs).toMatchObject({
      worker: { kinds: ['embed', 'rerank', 'classify', 'ocr', 'transcribe'] },
    });
    expect(() => read({ ...worker, INFERENCE_KINDS: 'embed,paint' })).toThrow(
      'embed, rerank, classify, ocr, transcribe',
    );
    expect(() => read({ INFERENCE_ROLE: 'worker' })).toThrow('REDIS_URL');
    expect(() => read({ INFERENCE_QUEUE: 'redis' })).toThrow('REDIS_URL');
  });

  it('takes a device, which decides how texts are put together', () => {
    expect(read({})).toMatchObject({ device: 'cpu', batches: { tokens: 0 } });
    expect(read({ INFERENCE_DEVICE: 'cuda' }).batches?.tokens).toBeGreaterThan(1000);
    expect(read({ INFERENCE_BATCH_TOKENS: '512', INFERENCE_BATCH_WAIT_MS: '7' }).batches).toEqual({
      tokens: 512,
      bulk: { tokens: 512 },
      waitMs: 7,
    });
    expect(() => read({ INFERENCE_DEVICE: 'tpu' })).toThrow('cpu, cuda, webgpu');
  });

  it('gives an inference the cores, at most 4', () => {
    expect(read({}).threads).toBe(Math.min(availableParallelism(), 4));
    expect(read({ INFERENCE_THREADS: '7' }).threads).toBe(7);
  });
});
