import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Locale } from '@midplane/contracts';
import {
  ContextToken,
  createLogger,
  currentContext,
  runInContext,
  SecretBox,
  type ServiceHandlers,
  ServiceRegistry,
} from '@midplane/kernel';
import {
  startFromSource,
  testDatabase,
  testRedis,
  type TestRedis,
  TONES,
  toneSamples,
  waveFile,
  writeOverlapModel,
  writeToneModel,
} from '@midplane/testing';
import { Redis } from 'ioredis';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createInference, type Inference } from '../inference.js';
import { inferenceHandlers, queuedHandlers } from '../inference.service.js';
import { SHIPPED_MODEL } from '../models/model-catalog.js';
import { type Kind, KINDS } from './calls.js';
import { InferenceQueue, type InferenceQueueOptions } from './inference-queue.js';
import { InferenceWorker } from './inference-worker.js';
import { publishQueueMetrics } from './queue.metrics.js';

const MASTER_KEY = Buffer.alloc(32, 7);
const LEASE_MS = 500;
const logger = createLogger('silent', 'test');
const SECRET = 'Das Gehalt des Vorstands';

let redis: TestRedis;
let looking: Redis;
let modelsDir: string;
let inference: Inference;
beforeAll(async () => {
  redis = await testRedis();
  looking = new Redis(redis.url);
  // One test loses it.
  looking.on('error', () => undefined);
  modelsDir = await mkdtemp(join(tmpdir(), 'midplane-models-'));
  const tokenizer = fileURLToPath(new URL(`../../models/${SHIPPED_MODEL}`, import.meta.url));
  await writeOverlapModel(join(modelsDir, 'overlap'), { tokenizer });
  await writeOverlapModel(join(modelsDir, 'labels'), { tokenizer, labels: ['calm', 'repetitive'] });
  await writeToneModel(join(modelsDir, 'tones'));
  inference = createInference({
    modelsDir,
    rerankModel: 'overlap',
    classifyModel: 'labels',
    transcribeModel: 'tones',
    modelsLoaded: 4,
  });
});
afterAll(async () => {
  await inference.close();
  await rm(modelsDir, { recursive: true, force: true });
  looking.disconnect();
  await redis.close();
});

/** What a test has started. */
const closing: (() => Promise<unknown>)[] = [];
beforeEach(() => looking.flushdb());
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Another service's view of inference behind the queue. */
function caller(options: Partial<InferenceQueueOptions> = {}) {
  const queue = new InferenceQueue(
    { redisUrl: redis.url, jobsWaiting: 100, bytesInRedis: 1e8, textsWaiting: 1000, ...options },
    new SecretBox(MASTER_KEY),
    logger,
  );
  closing.push(() => queue.close());
  const registry = new ServiceRegistry({}, new ContextToken(Buffer.alloc(32, 1)));
  registry.serve('inference', queuedHandlers(queue));
  return { queue, client: registry.client('inference') };
}

interface WorkerOptions {
  handlers?: Partial<ServiceHandlers<'inference'>>;
  kinds?: readonly Kind[];
  bulk?: number;
  key?: Buffer;
  leaseMs?: number;
}

function worker({
  handlers,
  kinds = KINDS,
  bulk = 1,
  key = MASTER_KEY,
  leaseMs = LEASE_MS,
}: WorkerOptions = {}): InferenceWorker {
  const started = new InferenceWorker(
    { redisUrl: redis.url, kinds, inHand: { interactive: 4, counting: 2, bulk }, leaseMs },
    { ...inferenceHandlers(inference), ...handlers },
    new SecretBox(key),
    logger,
  );
  closing.push(() => started.stop(0));
  return started;
}

interface Asking {
  tenantId?: string;
  locale?: Locale;
  signal?: AbortSignal;
}

const under = <T>(
  work: () => T,
  { tenantId = 't', locale = 'en', signal = new AbortController().signal }: Asking = {},
): T =>
  runInContext(
    {
      principal: { tenantId, userId: `u of ${tenantId}`, groupIds: [], roles: ['application'] },
      traceId: `trace of ${tenantId}`,
      locale,
      signal,
    },
    work,
  );

const bulk = (texts: string[]) => ({ role: 'passage' as const, urgency: 'bulk' as const, texts });
const question = (text: string) => ({
  role: 'query' as const,
  urgency: 'interactive' as const,
  texts: [text],
});
const sound = (seconds: number): Blob =>
  new Blob([waveFile(toneSamples([{ hertz: TONES.deep, seconds }], 16_000)) as Buffer<ArrayBuffer>]);
const problemOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: { problem?: unknown }) => error.problem ?? error,
  );
const jobs = async (queue: InferenceQueue, state: 'waiting' | 'active') =>
  (await queue.load()).reduce((sum, lane) => sum + lane[state], 0);

/** Handlers whose `embed` ends only when the test says so, and the contexts that they saw. */
function held() {
  const runs: { texts: string[]; tenantId: string; traceId: string; signal: AbortSignal; finish(): void }[] =
    [];
  const embed: ServiceHandlers<'inference'>['embed'] = async (input) => {
    const { principal, traceId, signal } = currentContext();
    await new Promise<void>((finish, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
      runs.push({ texts: input.texts, tenantId: principal.tenantId, traceId, signal, finish });
    });
    return inferenceHandlers(inference).embed(input);
  };
  return { runs, handlers: { embed } };
}

/** Everything that Redis holds, as bytes. */
async function everything(): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (const key of await looking.keys('*')) {
    const dump = await looking.dumpBuffer(key);
    if (dump) found.set(key, dump);
  }
  return found;
}

describe('inference behind a queue', () => {
  it('answers every call as in-process', async () => {
    worker();
    const { client } = caller();
    const near = inferenceHandlers(inference);
    const image = new Blob([await readFile(new URL('../ocr/fixtures/leave-policy.png', import.meta.url))]);
    const embedding = {
      ...bulk(['年假有几天？', 'The kitchen is cleaned.']),
      centred: true,
      tokenStates: true,
    };
    const reranking = { query: 'paid leave', urgency: 'bulk' as const, texts: ['paid leave', 'a kitchen'] };
    const classifying = { urgency: 'interactive' as const, texts: ['夏', 'no no no no no no no no'] };
    await under(async () => {
      expect(await client.embeddingModels()).toEqual(await near.embeddingModels(undefined));
      expect(await client.embed(embedding)).toEqual(await near.embed(embedding));
      expect(await client.countTokens({ texts: ['a', 'b c'] })).toEqual(
        await near.countTokens({ texts: ['a', 'b c'] }),
      );
      expect(await client.rerankModels()).toEqual(await near.rerankModels(undefined));
      expect(await client.rerank(reranking)).toEqual(await near.rerank(reranking));
      expect(await client.classifyModels()).toEqual(await near.classifyModels(undefined));
      expect(await client.classify(classifying)).toEqual(await near.classify(classifying));
      expect(await client.transcribeModels()).toEqual(await near.transcribeModels(undefined));
      expect(await client.ocr({ image })).toEqual(await near.ocr({ image }));
    });
  });

  it('writes down sound that went there in whole, longer than a window', async () => {
    worker({ kinds: ['transcribe'] });
    const { client } = caller();
    const spoken = await under(() =>
      client.transcribe({ audio: sound(32), urgency: 'bulk', language: 'en' }),
    );
    expect(spoken).toMatchObject({ model: { name: 'tones' }, language: 'en', seconds: 32 });
    expect(spoken.text).toMatch(/^low( low){29,31}$/);
    expect(spoken.segments.at(-1)!.end).toBeGreaterThan(30);
    const broken = under(() => client.transcribe({ audio: new Blob(['no sound']), urgency: 'bulk' }));
    expect(await problemOf(broken)).toMatchObject({ code: 'AUDIO_UNREADABLE' });
  });

  it('passes on problems as in-process, in the language of whoever reads them, and faults as faults', async () => {
    worker({
      handlers: {
        countTokens: () => {
          throw new RangeError('out of cheese');
        },
      },
    });
    const { client } = caller();
    await under(async () => {
      expect(await problemOf(client.embed({ ...question('x'), model: 'nowhere' }))).toMatchObject({
        code: 'MODEL_NOT_FOUND',
        params: { model: 'nowhere' },
      });
      expect(await problemOf(client.ocr({ image: new Blob(['no picture']) }))).toMatchObject({
        code: 'INVALID_INPUT',
        params: { field: 'image', detailZh: expect.stringMatching(/图片/) },
      });
      await expect(client.countTokens({ texts: ['x'] })).rejects.toThrow('out of cheese');
    });
  });

  it('does each call as who asked for it, and gives it to nobody else', async () => {
    const { runs, handlers } = held();
    worker({ handlers, bulk: 8 });
    const [one, two] = [caller(), caller()];
    const tenants = ['a', 'b', 'c', 'd'];
    const asked = tenants.map((tenantId, i) =>
      under(() => [one, two][i % 2]!.client.embed(bulk([`text of ${tenantId}`])), { tenantId }),
    );
    await vi.waitFor(() => expect(runs).toHaveLength(4));
    for (const { texts, tenantId, traceId } of runs)
      expect([texts, traceId]).toEqual([[`text of ${tenantId}`], `trace of ${tenantId}`]);
    for (const { finish } of runs.toReversed()) finish();
    for (const [i, { vectors }] of (await Promise.all(asked)).entries()) {
      const alone = await under(() =>
        inferenceHandlers(inference).embed({
          ...bulk([`text of ${tenants[i]}`]),
          centred: true,
          tokenStates: false,
        }),
      );
      expect(vectors).toEqual(alone.vectors);
    }
  });

  it('leaves no text in Redis that can be read, and none at all afterwards', async () => {
    const { runs, handlers } = held();
    const { client, queue } = caller();
    const asked = under(() => client.embed(bulk([SECRET])), { tenantId: 'sehr geheim' });
    await vi.waitFor(async () => expect(await jobs(queue, 'waiting')).toBe(1));
    const waiting = await everything();
    worker({ handlers });
    await vi.waitFor(() => expect(runs).toHaveLength(1));
    const running = await everything();
    runs[0]!.finish();
    const { vectors } = await asked;
    for (const dump of [...waiting.values(), ...running.values()])
      for (const word of ['Gehalt', 'geheim', vectors[0]!.slice(0, 20)])
        expect(dump.includes(word)).toBe(false);
    expect([...waiting.keys()].filter((key) => key.includes(':input:'))).toHaveLength(1);
    await vi.waitFor(async () => {
      const left = (await looking.keys('*')).filter((key) => /:(input|outcome):|:[0-9a-f-]{36}$/.test(key));
      expect(left).toEqual([]);
    });
  });

  it('keeps the text of a caller that died no longer than it would have renewed it', async () => {
    const { client, queue } = caller();
    under(() => client.embed(bulk([SECRET]))).catch(() => undefined);
    await vi.waitFor(async () => expect(await jobs(queue, 'waiting')).toBe(1));
    const [input] = await looking.keys('*:input:*');
    const left = await looking.pttl(input!);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(60_000);
    // Its job without it is taken, and nothing is done.
    await looking.del(input!);
    await queue.close();
    const { runs, handlers } = held();
    worker({ handlers });
    const { queue: other } = caller();
    await vi.waitFor(async () => expect(await jobs(other, 'waiting')).toBe(0));
    expect(runs).toEqual([]);
  });

  it('lets a question overtake bulk work that came first', async () => {
    const { runs, handlers } = held();
    worker({ handlers, bulk: 2 });
    const { client, queue } = caller();
    const work = Array.from({ length: 6 }, (_, i) => under(() => client.embed(bulk([`bulk ${i}`]))));
    await vi.waitFor(() => expect(runs).toHaveLength(2));
    await vi.waitFor(async () => expect(await jobs(queue, 'waiting')).toBe(4));
    const answer = under(() => client.embed(question('年假有几天？')));
    await vi.waitFor(() => expect(runs.at(-1)!.texts).toEqual(['年假有几天？']));
    runs.at(-1)!.finish();
    expect((await answer).vectors).toHaveLength(1);
    expect(await jobs(queue, 'waiting')).toBe(4);
    const finishing = setInterval(() => runs.forEach(({ finish }) => finish()), 10);
    await Promise.all(work);
    clearInterval(finishing);
  });

  it('refuses a question where too much waits, and lets bulk work wait for room', async () => {
    const { client, queue } = caller({ jobsWaiting: 2 });
    const asked = [1, 2].map((i) => under(() => client.embed(question(`q${i}`))));
    await vi.waitFor(async () => expect(await jobs(queue, 'waiting')).toBe(2));
    expect(await problemOf(under(() => client.embed(question('one too many'))))).toMatchObject({
      code: 'MODEL_OVERLOADED',
      params: { model: 'embed' },
    });
    let done = 0;
    const work = [1, 2, 3, 4, 5].map((i) =>
      under(() => client.embed(bulk([`b${i}`]))).then(() => (done += 1)),
    );
    const gone = new AbortController();
    const left = under(() => client.embed(bulk(['left'])), gone);
    await vi.waitFor(async () => expect(await jobs(queue, 'waiting')).toBe(4));
    gone.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    expect([await jobs(queue, 'waiting'), done]).toEqual([4, 0]);
    worker();
    await Promise.all([...asked, ...work]);
    expect(done).toBe(5);
  });

  it('keeps no more sound in Redis than it may, sealed, for a minute at most, and none afterwards', async () => {
    const second = sound(1);
    const { client, queue } = caller({ bytesInRedis: 2.5 * second.size });
    const transcribe = (audio: Blob, urgency: 'bulk' | 'interactive') =>
      under(() => client.transcribe({ audio, urgency }));
    const many = Array.from({ length: 5 }, () => transcribe(second, 'bulk'));
    // One that is larger than all that may be there is taken all the same, where it is alone.
    const long = transcribe(sound(3), 'interactive');
    await vi.waitFor(async () => expect(await jobs(queue, 'waiting')).toBe(3));
    expect(await problemOf(transcribe(second, 'interactive'))).toMatchObject({ code: 'MODEL_OVERLOADED' });
    expect(await jobs(queue, 'waiting')).toBe(3);
    const inputs = await looking.keys('*:input:*');
    expect(inputs).toHaveLength(3);
    for (const key of inputs) {
      const left = await looking.pttl(key);
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(60_000);
      expect((await looking.getBuffer(key))!.includes('WAVE')).toBe(false);
    }
    worker();
    for (const { text } of await Promise.all(many)) expect(text).toBe('low');
    expect((await long).text).toBe('low low low');
    expect(await looking.keys('*:input:*')).toEqual([]);
  });

  it('refuses what this process alone asks too much of', async () => {
    const { client } = caller({ textsWaiting: 3 });
    const gone = new AbortController();
    const first = under(() => client.embed(bulk(['a', 'b', 'c', 'd', 'e'])), gone);
    expect(await problemOf(under(() => client.embed(bulk(['f']))))).toMatchObject({
      code: 'MODEL_OVERLOADED',
    });
    gone.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    worker();
    expect((await under(() => client.embed(bulk(['f'])))).vectors).toHaveLength(1);
  });

  it('takes a cancelled call out of the queue', async () => {
    const { client, queue } = caller();
    const gone = new AbortController();
    const asked = under(() => client.embed(bulk([SECRET])), gone);
    await vi.waitFor(async () => expect(await jobs(queue, 'waiting')).toBe(1));
    gone.abort(new Error('gone'));
    await expect(asked).rejects.toThrow('gone');
    await vi.waitFor(async () => {
      expect(await jobs(queue, 'waiting')).toBe(0);
      expect(await looking.keys('*:input:*')).toEqual([]);
    });
  });

  it('ends a cancelled call that a worker has in hand', async () => {
    const { runs, handlers } = held();
    const working = worker({ handlers });
    const { client, queue } = caller();
    const gone = new AbortController();
    const asked = under(() => client.embed(bulk(['x'])), gone);
    await vi.waitFor(() => expect(runs).toHaveLength(1));
    gone.abort(new Error('gone'));
    await expect(asked).rejects.toThrow('gone');
    await vi.waitFor(() => expect(runs[0]!.signal.aborted).toBe(true));
    await vi.waitFor(async () => expect([working.running, await jobs(queue, 'active')]).toEqual([0, 0]));
  });

  it('gives what a worker does not end in time to another when it is told to stop', async () => {
    const { runs, handlers } = held();
    const stopping = worker({ handlers });
    const { client } = caller();
    const asked = under(() => client.embed(bulk(['x'])));
    await vi.waitFor(() => expect(runs).toHaveLength(1));
    await stopping.stop(0);
    worker();
    expect((await asked).vectors).toHaveLength(1);
  });

  it('has only the kinds done that a worker is for', async () => {
    worker({ kinds: ['embed'] });
    const { client } = caller({ workerPatienceMs: 1_500 });
    expect((await under(() => client.embed(question('x')))).vectors).toHaveLength(1);
    const image = new Blob(['a scan']);
    expect(await problemOf(under(() => client.ocr({ image })))).toMatchObject({ code: 'MODEL_UNAVAILABLE' });
  });

  it('says that no worker is there, in the language of whoever asks', async () => {
    const { client } = caller({ workerPatienceMs: 500 });
    const asked = (locale: Locale) => problemOf(under(() => client.embed(question('x')), { locale }));
    const [en, zh] = await Promise.all([asked('en'), asked('zh')]);
    expect(en).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      params: { reason: expect.stringMatching(/no inference worker.*INFERENCE_ROLE=worker/) },
    });
    expect(zh).toMatchObject({ params: { reason: expect.stringMatching(/没有推理工作进程/) } });
  });

  it('says so where the worker has another master key, and shows it nothing', async () => {
    const { runs, handlers } = held();
    worker({ handlers, key: Buffer.alloc(32, 8) });
    const { client } = caller();
    expect(await problemOf(under(() => client.embed(question(SECRET))))).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      params: { reason: expect.stringMatching(/another MIDPLANE_MASTER_KEY/) },
    });
    expect(runs).toEqual([]);
  });

  it('says so where Redis is not there', async () => {
    const { client } = caller({ redisUrl: 'redis://127.0.0.1:9' });
    expect(await problemOf(under(() => client.embed(question('x'))))).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      params: { reason: expect.stringMatching(/REDIS_URL/) },
    });
  });

  it('publishes how many jobs wait and are being done', async () => {
    const registry = new Registry();
    const { client, queue } = caller();
    const remove = publishQueueMetrics(registry, queue);
    const asked = under(() => client.embed(bulk(['x'])));
    await vi.waitFor(async () =>
      expect(await registry.metrics()).toContain(
        'midplane_inference_jobs{kind="embed",urgency="bulk",state="waiting"} 1',
      ),
    );
    worker();
    await asked;
    expect(await registry.metrics()).toContain(
      'midplane_inference_jobs{kind="embed",urgency="bulk",state="waiting"} 0',
    );
    remove();
  });
});

describe('a worker that is killed', () => {
  const environment = (): NodeJS.ProcessEnv => ({
    REDIS_URL: redis.url,
    MIDPLANE_MASTER_KEY: MASTER_KEY.toString('base64'),
  });

  it('in the middle of its job has that done by another', async () => {
    const database = await testDatabase();
    const home = await mkdtemp(join(tmpdir(), 'midplane-home-'));
    closing.push(
      () => rm(home, { recursive: true, force: true }),
      () => database.close(),
    );
    const doomed = startFromSource('apps/inference/src/main.ts', {
      ...environment(),
      DATABASE_URL: database.url,
      INFERENCE_ROLE: 'worker',
      // A process that starts beside it on a busy machine must not make it look dead.
      JOB_LEASE_MS: '3000',
      MIDPLANE_HOME: home,
      LOG_LEVEL: 'error',
      PORT: '0',
    });
    closing.push(() => doomed.kill());
    const { client, queue } = caller({ workerPatienceMs: 60_000 });
    const texts = Array.from(
      { length: 120 },
      (_, i) => `Passage ${i}: ${'the committee approved it. '.repeat(40)}`,
    );
    let answered = false;
    const asked = under(() => client.embed(bulk(texts))).finally(() => (answered = true));
    await vi.waitFor(async () => expect([doomed.errors(), await jobs(queue, 'active')]).toEqual(['', 1]), {
      timeout: 100_000,
      interval: 50,
    });
    await doomed.kill();
    expect(answered).toBe(false);
    worker({ leaseMs: 3_000 });
    const { vectors } = await asked;
    expect(vectors).toHaveLength(120);
    const [last] = (await under(() => client.embed(bulk([texts[119]!])))).vectors;
    expect(vectors[119]).toBe(last);
  }, 240_000);

  it('by its job time and again has that given up, and others go on', async () => {
    const { client } = caller({ workerPatienceMs: 60_000 });
    const asked = problemOf(under(() => client.embed(bulk(['deadly'])), { locale: 'zh' }));
    // The second finds what the first has left.
    for (let deaths = 0; deaths < 2; deaths += 1) {
      const doomed = startFromSource('libs/inference/src/testing/doomed-worker.ts', environment());
      closing.push(() => doomed.kill());
      const alive = () => process.kill(doomed.pid, 0);
      await vi.waitFor(() => expect(alive).toThrow('ESRCH'), { timeout: 100_000, interval: 50 });
      expect(doomed.errors()).toBe('');
    }
    const { runs, handlers } = held();
    worker({ handlers });
    expect(await asked).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      params: { reason: expect.stringMatching(/两次/) },
    });
    expect(runs).toEqual([]);
  }, 240_000);
});

describe('a Redis that is lost', () => {
  it.skipIf(process.env['MIDPLANE_TEST_REDIS_URL'] !== undefined)(
    'costs no call: what waits and what runs is sent again',
    async () => {
      const { runs, handlers } = held();
      worker({ handlers });
      const { client, queue } = caller();
      const asked = ['a', 'b'].map((text) => under(() => client.embed(bulk([text]))));
      await vi.waitFor(() => expect(runs).toHaveLength(1));
      await vi.waitFor(async () => expect(await jobs(queue, 'waiting')).toBe(1));
      await redis.restart();
      const finishing = setInterval(() => runs.forEach(({ finish }) => finish()), 50);
      for (const { vectors } of await Promise.all(asked)) expect(vectors).toHaveLength(1);
      clearInterval(finishing);
    },
    240_000,
  );
});
