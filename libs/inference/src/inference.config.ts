import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ConfigError, configGroup, env, type ConfigOf, type KernelConfig } from '@midplane/kernel';
import { z } from 'zod';
import type { InferenceModuleOptions, InferencePlace } from './inference.module.js';
import type { InferenceOptions } from './inference.js';
import { batchingOn, DEVICES } from './models/device.js';
import { SHIPPED_MODEL } from './models/model-catalog.js';
import { type Kind, KINDS } from './queue/calls.js';
import { RerankProtocol } from './reranking/rerank.protocols.js';
import type { Priority } from './scheduling/scheduler.js';

const PUBLIC_HUB = 'https://huggingface.co';

function readKinds(text: string, context: z.RefinementCtx): Kind[] {
  const names = text.split(',').map((name) => name.trim());
  const isKind = (name: string): name is Kind => (KINDS as readonly string[]).includes(name);
  if (names.every(isKind)) return names;
  context.addIssue(`expected some of ${KINDS.join(', ')}, with commas between`);
  return z.NEVER;
}

/** The variables of local and remote inference. */
export const inferenceConfig = configGroup('Inference', {
  EMBEDDING_MODEL: {
    schema: z.string().optional(),
    description:
      'Model that embeds: a shipped one, one in MODELS_DIR, one of the hub, or the endpoint’s name of it.',
    defaultText: SHIPPED_MODEL,
  },
  MODELS_DIR: {
    schema: z.string().optional(),
    description:
      'Folder of weights, `<name>/config.json`, `<name>/tokenizer.json`, `<name>/onnx/…`: used before any hub.',
  },
  MODELS_DOWNLOAD: {
    schema: env.flag(false),
    description:
      'Whether a model that is not on disk may be downloaded from the hub. Setting HF_ENDPOINT allows it too.',
    defaultText: 'false',
  },
  HF_ENDPOINT: {
    schema: env.url('http', 'https').optional(),
    description: 'A mirror of the model hub.',
    defaultText: 'the public hub',
  },
  EMBEDDING_BASE_URL: {
    schema: env.url('http', 'https').optional(),
    description:
      'OpenAI-compatible endpoint that embeds (TEI, vLLM, a cloud), up to `/v1`. EMBEDDING_MODEL names its model.',
  },
  EMBEDDING_API_KEY: { schema: z.string().optional(), description: 'Key of that endpoint.', secret: true },
  EMBEDDING_DIMENSION: {
    schema: env.optionalInteger(1, 65536),
    description: 'Dimension that its vectors must have.',
    defaultText: 'asked of the endpoint',
  },
  EMBEDDING_MAX_TOKENS: {
    schema: env.integer(512, 16, 1_000_000),
    description: 'Longest text in tokens that it takes, prefix included.',
    defaultText: '512',
  },
  EMBEDDING_QUERY_PREFIX: {
    schema: z.string().default(''),
    description: 'What its model wants before a question.',
  },
  EMBEDDING_PASSAGE_PREFIX: {
    schema: z.string().default(''),
    description: 'What its model wants before a passage.',
  },
  EMBEDDING_BATCH_SIZE: {
    schema: env.integer(32, 1, 2048),
    description: 'Texts in one request to it.',
    defaultText: '32',
  },
  EMBEDDING_CONCURRENCY: {
    schema: env.integer(4, 1, 256),
    description: 'Requests to it at once.',
    defaultText: '4',
  },
  EMBEDDING_TIMEOUT_MS: {
    schema: env.integer(30_000, 100, 600_000),
    description: 'Longest wait for one of its answers, in milliseconds.',
    defaultText: '30000',
  },
  RERANK_MODEL: {
    schema: z.string().optional(),
    description:
      'Model that reranks what a search has found: a cross-encoder in MODELS_DIR or of the hub, or the endpoint’s name of it.',
  },
  RERANK_BASE_URL: {
    schema: env.url('http', 'https').optional(),
    description:
      'Endpoint that reranks, up to before `/rerank` (TEI, vLLM, llama.cpp, Jina, Cohere). RERANK_MODEL names its model.',
  },
  RERANK_API_KEY: { schema: z.string().optional(), description: 'Key of that endpoint.', secret: true },
  RERANK_PROTOCOL: {
    schema: RerankProtocol.optional(),
    description: 'What it speaks: `tei`, `jina` (also vLLM, llama.cpp, Infinity) or `cohere`.',
    defaultText: 'cohere for `/v2`, jina for `/v1`, else tei',
  },
  RERANK_MAX_TOKENS: {
    schema: env.integer(512, 32, 1_000_000).unwrap().optional(),
    description: 'Longest question and passage together, in tokens, that it takes.',
    defaultText: 'it cuts them itself',
  },
  RERANK_BATCH_SIZE: {
    schema: env.integer(32, 1, 1000),
    description: 'Passages in one request to it.',
    defaultText: '32',
  },
  RERANK_CONCURRENCY: {
    schema: env.integer(4, 1, 256),
    description: 'Requests to it at once.',
    defaultText: '4',
  },
  RERANK_TIMEOUT_MS: {
    schema: env.integer(5000, 100, 600_000),
    description: 'Longest wait for one of its answers, in milliseconds; a search then goes on without it.',
    defaultText: '5000',
  },
  CLASSIFY_MODEL: {
    schema: z.string().optional(),
    description:
      'Model that labels texts: a classifier in MODELS_DIR or of the hub, or what the endpoint’s one is called here.',
  },
  CLASSIFY_BASE_URL: {
    schema: env.url('http', 'https').optional(),
    description: 'Endpoint that labels texts, up to before `/predict` (TEI). CLASSIFY_MODEL names its model.',
  },
  CLASSIFY_API_KEY: { schema: z.string().optional(), description: 'Key of that endpoint.', secret: true },
  CLASSIFY_BATCH_SIZE: {
    schema: env.integer(32, 1, 1000),
    description: 'Texts in one request to it.',
    defaultText: '32',
  },
  CLASSIFY_CONCURRENCY: {
    schema: env.integer(4, 1, 256),
    description: 'Requests to it at once.',
    defaultText: '4',
  },
  CLASSIFY_TIMEOUT_MS: {
    schema: env.integer(5000, 100, 600_000),
    description: 'Longest wait for one of its answers, in milliseconds.',
    defaultText: '5000',
  },
  TRANSCRIBE_MODEL: {
    schema: z.string().optional(),
    description:
      'Model that writes down speech: a Whisper or Moonshine in MODELS_DIR or of the hub, or the endpoint’s name of it.',
  },
  TRANSCRIBE_BASE_URL: {
    schema: env.url('http', 'https').optional(),
    description:
      'OpenAI-compatible endpoint that transcribes, up to `/v1` (vLLM, speaches, a cloud). TRANSCRIBE_MODEL names its model.',
  },
  TRANSCRIBE_API_KEY: { schema: z.string().optional(), description: 'Key of that endpoint.', secret: true },
  TRANSCRIBE_CONCURRENCY: {
    schema: env.integer(2, 1, 256),
    description: 'Requests to it at once.',
    defaultText: '2',
  },
  TRANSCRIBE_TIMEOUT_MS: {
    schema: env.integer(300_000, 100, 3_600_000),
    description: 'Longest wait for one of its answers, in milliseconds.',
    defaultText: '300000',
  },
  TRANSCRIBE_MAX_MINUTES: {
    schema: env.integer(60, 1, 1440),
    description: 'Longest sound that a local model transcribes, in minutes.',
    defaultText: '60',
  },
  INFERENCE_QUEUE: {
    schema: z.enum(['process', 'redis'], 'expected process or redis').default('process'),
    description:
      'Where the models run: in this process, or in workers that it asks through the Redis at REDIS_URL.',
    defaultText: 'process',
  },
  INFERENCE_ROLE: {
    schema: z.enum(['service', 'worker'], 'expected service or worker').default('service'),
    description: 'What `apps/inference` is: what other services call, or a worker behind the queue in Redis.',
    defaultText: 'service',
  },
  INFERENCE_KINDS: {
    schema: z.string().default(KINDS.join(',')).transform(readKinds),
    description: `What such a worker does, with commas between: ${KINDS.map((kind) => `\`${kind}\``).join(', ')}.`,
    defaultText: 'all',
  },
  INFERENCE_QUEUE_JOBS: {
    schema: env.integer(256, 1, 100_000),
    description:
      'Jobs of one kind and urgency that may wait in Redis. Bulk work then waits where it comes from; other work is refused with MODEL_OVERLOADED.',
    defaultText: '256',
  },
  INFERENCE_QUEUE_MB: {
    schema: env.integer(256, 32, 1_000_000),
    description:
      'What the texts, pictures or sounds of one kind and urgency may take in Redis, in MB; then as with INFERENCE_QUEUE_JOBS.',
    defaultText: '256',
  },
  INFERENCE_DEVICE: {
    schema: z.enum(DEVICES, `expected ${DEVICES.join(', ')}`).default('cpu'),
    description: 'What local models run on: `cpu`, `cuda` (NVIDIA, Linux x64) or `webgpu`.',
    defaultText: 'cpu',
  },
  INFERENCE_BATCH_TOKENS: {
    schema: env.optionalInteger(0, 10_000_000),
    description:
      'Tokens that a model takes in one batch, padding counted; 0: one text at a time, right for a CPU.',
    defaultText: '0 on a CPU (512 for short texts embedded in bulk), else 16384',
  },
  INFERENCE_BATCH_WAIT_MS: {
    schema: env.integer(3, 0, 1000),
    description: 'How long a batch that is not full waits for more texts, in milliseconds.',
    defaultText: '3',
  },
  INFERENCE_WORKERS: {
    schema: env.integer(1, 1, 64),
    description: 'Worker threads of each local model, each with the model loaded.',
    defaultText: '1',
  },
  INFERENCE_THREADS: {
    schema: env.optionalInteger(1, 256),
    description: 'Threads that one local inference uses.',
    defaultText: 'the cores, at most 4',
  },
  INFERENCE_QUEUE_LIMIT: {
    schema: env.integer(8192, 1, 1_000_000),
    description: 'Texts that may wait for a model; what comes on top is refused with MODEL_OVERLOADED.',
    defaultText: '8192',
  },
  INFERENCE_MODELS_LOADED: {
    schema: env.integer(2, 1, 64),
    description: 'Local models kept in memory; the one used longest ago goes first.',
    defaultText: '2',
  },
  INFERENCE_MEMORY_MB: {
    schema: env.integer(4096, 64, 4_194_304),
    description: 'Weights kept in memory, in MB.',
    defaultText: '4096',
  },
  OCR_MAX_MEGAPIXELS: {
    schema: env.integer(50, 1, 1000),
    description: 'Largest picture that OCR takes, in million pixels.',
    defaultText: '50',
  },
});

export type InferenceConfig = ConfigOf<typeof inferenceConfig>;

/**
 * What the variables mean for `createInference`.
 * @throws ConfigError naming each variable that means nothing without another that is not set
 */
export function inferenceOptions(
  config: InferenceConfig & Pick<KernelConfig, 'MIDPLANE_HOME' | 'REDIS_URL' | 'JOB_LEASE_MS'>,
): InferenceModuleOptions {
  const { EMBEDDING_BASE_URL: baseUrl, EMBEDDING_MODEL: model } = config;
  const wrong = contradictions(config);
  if (wrong.length > 0) throw new ConfigError(wrong.join('\n'));
  const batches = batchingOn(config.INFERENCE_DEVICE, {
    tokens: config.INFERENCE_BATCH_TOKENS,
    waitMs: config.INFERENCE_BATCH_WAIT_MS,
  });
  const mayDownload = config.MODELS_DOWNLOAD || config.HF_ENDPOINT !== undefined;
  return {
    model: model ?? SHIPPED_MODEL,
    endpoint:
      baseUrl && model
        ? {
            baseUrl,
            model,
            apiKey: config.EMBEDDING_API_KEY,
            dimension: config.EMBEDDING_DIMENSION,
            maxTokens: config.EMBEDDING_MAX_TOKENS,
            prefixes: { query: config.EMBEDDING_QUERY_PREFIX, passage: config.EMBEDDING_PASSAGE_PREFIX },
            batchSize: config.EMBEDDING_BATCH_SIZE,
            concurrency: config.EMBEDDING_CONCURRENCY,
            timeoutMs: config.EMBEDDING_TIMEOUT_MS,
          }
        : undefined,
    ...rerankOptions(config),
    ...classifyOptions(config),
    ...transcribeOptions(config),
    modelsDir: config.MODELS_DIR,
    hub: mayDownload
      ? { endpoint: config.HF_ENDPOINT ?? PUBLIC_HUB, folder: join(config.MIDPLANE_HOME, 'models') }
      : undefined,
    hashMemory: join(config.MIDPLANE_HOME, 'model-hashes.json'),
    runs: placeOf(config),
    device: config.INFERENCE_DEVICE,
    batches,
    workers: config.INFERENCE_WORKERS,
    threads: config.INFERENCE_THREADS ?? Math.min(availableParallelism(), 4),
    queueLimit: config.INFERENCE_QUEUE_LIMIT,
    modelsLoaded: config.INFERENCE_MODELS_LOADED,
    memoryBytes: config.INFERENCE_MEMORY_MB * 1e6,
    ocrMaxPixels: config.OCR_MAX_MEGAPIXELS * 1e6,
  };
}

type PlaceConfig = InferenceConfig & Pick<KernelConfig, 'REDIS_URL' | 'JOB_LEASE_MS'>;

function placeOf(config: PlaceConfig): InferencePlace {
  const { REDIS_URL: redisUrl, INFERENCE_ROLE: role, INFERENCE_QUEUE: queue } = config;
  if (!redisUrl || (role === 'service' && queue === 'process')) return { place: 'here' };
  if (role === 'service') {
    const { INFERENCE_QUEUE_JOBS: jobsWaiting, INFERENCE_QUEUE_LIMIT: textsWaiting } = config;
    const bytesInRedis = config.INFERENCE_QUEUE_MB * 1e6;
    return { place: 'workers', queue: { redisUrl, jobsWaiting, bytesInRedis, textsWaiting } };
  }
  return {
    place: 'worker',
    worker: {
      redisUrl,
      kinds: config.INFERENCE_KINDS,
      inHand: jobsInHand(config),
      leaseMs: config.JOB_LEASE_MS,
    },
  };
}

/**
 * Bulk: one job more than there are threads, so that none waits for Redis, and no more, so that other workers find
 * some too; on a device that works in batches as many as fill one, however small they are.
 */
function jobsInHand({ INFERENCE_DEVICE, INFERENCE_WORKERS }: InferenceConfig): Record<Priority, number> {
  const onCpu = INFERENCE_DEVICE === 'cpu';
  return {
    interactive: (onCpu ? 8 : 64) * INFERENCE_WORKERS,
    counting: 4,
    bulk: onCpu ? INFERENCE_WORKERS + 1 : 8 * INFERENCE_WORKERS,
  };
}

function rerankOptions(config: InferenceConfig): Pick<InferenceOptions, 'rerankModel' | 'rerankEndpoint'> {
  const { RERANK_BASE_URL: baseUrl, RERANK_MODEL: model } = config;
  if (!baseUrl || !model) return { rerankModel: model };
  return {
    rerankEndpoint: {
      baseUrl,
      model,
      protocol: config.RERANK_PROTOCOL,
      apiKey: config.RERANK_API_KEY,
      maxTokens: config.RERANK_MAX_TOKENS,
      batchSize: config.RERANK_BATCH_SIZE,
      concurrency: config.RERANK_CONCURRENCY,
      timeoutMs: config.RERANK_TIMEOUT_MS,
    },
  };
}

function classifyOptions(
  config: InferenceConfig,
): Pick<InferenceOptions, 'classifyModel' | 'classifyEndpoint'> {
  const { CLASSIFY_BASE_URL: baseUrl, CLASSIFY_MODEL: model } = config;
  if (!baseUrl || !model) return { classifyModel: model };
  return {
    classifyEndpoint: {
      baseUrl,
      model,
      apiKey: config.CLASSIFY_API_KEY,
      batchSize: config.CLASSIFY_BATCH_SIZE,
      concurrency: config.CLASSIFY_CONCURRENCY,
      timeoutMs: config.CLASSIFY_TIMEOUT_MS,
    },
  };
}

function transcribeOptions(
  config: InferenceConfig,
): Pick<InferenceOptions, 'transcribeModel' | 'transcribeEndpoint' | 'transcribeSeconds'> {
  const { TRANSCRIBE_BASE_URL: baseUrl, TRANSCRIBE_MODEL: model } = config;
  const transcribeSeconds = config.TRANSCRIBE_MAX_MINUTES * 60;
  if (!baseUrl || !model) return { transcribeModel: model, transcribeSeconds };
  return {
    transcribeSeconds,
    transcribeEndpoint: {
      baseUrl,
      model,
      apiKey: config.TRANSCRIBE_API_KEY,
      concurrency: config.TRANSCRIBE_CONCURRENCY,
      timeoutMs: config.TRANSCRIBE_TIMEOUT_MS,
    },
  };
}

const NEED_AN_ENDPOINT = [
  'RERANK_API_KEY',
  'RERANK_PROTOCOL',
  'RERANK_MAX_TOKENS',
  'CLASSIFY_API_KEY',
  'TRANSCRIBE_API_KEY',
] as const;

/** One sentence for each variable that stands without what it needs. */
function contradictions(config: PlaceConfig): string[] {
  const wrong: string[] = [];
  if (!config.REDIS_URL) {
    if (config.INFERENCE_ROLE === 'worker')
      wrong.push('INFERENCE_ROLE=worker is set without REDIS_URL: name the Redis that the services ask.');
    else if (config.INFERENCE_QUEUE === 'redis')
      wrong.push(
        'INFERENCE_QUEUE=redis is set without REDIS_URL: name the Redis that the workers listen to.',
      );
  }
  for (const kind of ['EMBEDDING', 'RERANK', 'CLASSIFY', 'TRANSCRIBE'] as const) {
    if (config[`${kind}_BASE_URL`] && !config[`${kind}_MODEL`])
      wrong.push(
        `${kind}_BASE_URL is set without ${kind}_MODEL: name the model that the endpoint shall use.`,
      );
  }
  for (const name of NEED_AN_ENDPOINT) {
    const endpoint = `${name.split('_')[0] as 'RERANK' | 'CLASSIFY' | 'TRANSCRIBE'}_BASE_URL` as const;
    if (config[name] !== undefined && !config[endpoint])
      wrong.push(`${name} is set without ${endpoint}: name the endpoint that it is for, or unset it.`);
  }
  return wrong;
}
