import { createOpenAI } from '@ai-sdk/openai';
import { inferenceConfig, InferenceModule, inferenceOptions } from '@midplane/inference';
import { readConfig, runInContext } from '@midplane/kernel';
import { KNOWLEDGE_ENTITIES, RetrievalModule } from '@midplane/knowledge';
import { MIGRATIONS } from '@midplane/migrations';
import { modelsConfig, ModelsModule } from '@midplane/models';
import {
  asPrincipal,
  contextOf,
  createKey,
  createPrincipal,
  FakeSpeechServer,
  type PostgresTestDatabase,
  testDatabase,
  TONES,
  toneSamples,
  waveFile,
  writeToneModel,
} from '@midplane/testing';
import { transcribe } from 'ai';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BootedGateway, bootGateway } from '../testing/boot-gateway.js';

const MIB = 2 ** 20;

let server: FakeSpeechServer;
let database: PostgresTestDatabase;
let modelsDir: string;
let gateway: BootedGateway;
let tenant: Awaited<ReturnType<typeof createPrincipal>>;
let key: string;
let client: OpenAI;

beforeAll(async () => {
  server = await FakeSpeechServer.start();
  database = await testDatabase();
  modelsDir = await mkdtemp(join(tmpdir(), 'midplane-speech-'));
  await writeToneModel(join(modelsDir, 'tones'));
  const env = { TRANSCRIBE_BASE_URL: server.url, TRANSCRIBE_MODEL: 'whisper-1', MODELS_DIR: modelsDir };
  const config = readConfig(env, inferenceConfig, modelsConfig);
  gateway = await bootGateway({
    databaseUrl: database.url,
    migrations: MIGRATIONS,
    entities: KNOWLEDGE_ENTITIES,
    modules: (kernel) => [
      InferenceModule.forRoot(inferenceOptions({ ...config, ...kernel.config })),
      { module: RetrievalModule },
      ModelsModule.forRoot(config),
    ],
  });
  tenant = await createPrincipal(database.database);
  key = await createKey(database.database, tenant);
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 });
});
afterAll(async () => {
  await gateway?.stop();
  await database?.close();
  await server?.close();
  if (modelsDir) await rm(modelsDir, { recursive: true, force: true });
});
beforeEach(() => server.say('Fifteen days.'));

const WAVE = waveFile(
  toneSamples(
    [
      { hertz: TONES.deep, seconds: 2 },
      { hertz: TONES.high, seconds: 1 },
      { hertz: 0, seconds: 1 },
    ],
    16_000,
  ),
);
const speech = (bytes: Buffer = WAVE) => toFile(bytes, 'speech.wav');

const postForm = (parts: Record<string, string | Blob>, headers: Record<string, string> = {}) => {
  const form = new FormData();
  for (const [name, value] of Object.entries(parts)) form.append(name, value);
  return fetch(`${gateway.url}/v1/audio/transcriptions`, {
    method: 'POST',
    body: form,
    headers: { authorization: `Bearer ${key}`, ...headers },
  });
};

describe("OpenAI's own client has speech written down", () => {
  it('by an endpoint, which is told what the client said', async () => {
    const { data, response } = await client.audio.transcriptions
      .create({ model: 'whisper-1', file: await speech(), language: 'en', prompt: 'leave', temperature: 0.1 })
      .withResponse();
    expect(data).toMatchObject({ text: 'Fifteen days.', usage: { type: 'duration', seconds: 3 } });
    expect(Number(response.headers.get('x-midplane-overhead-ms'))).toBeGreaterThan(0);
    expect(server.requests[0]).toMatchObject({
      fields: { model: 'whisper-1', language: 'en', prompt: 'leave', temperature: '0.1' },
      file: { name: 'audio.wav', bytes: WAVE },
    });
  });

  it('by a local model', async () => {
    const heard = await client.audio.transcriptions.create({
      model: 'tones',
      file: await speech(),
      response_format: 'verbose_json',
      timestamp_granularities: ['segment'],
    });
    expect(heard).toMatchObject({
      task: 'transcribe',
      language: 'english',
      duration: 4,
      text: 'low low high',
      segments: [
        { id: 0, start: 0, end: 1, text: 'low' },
        { id: 1, start: 1, end: 2, text: 'low' },
        { id: 2, start: 2, end: 3, text: 'high' },
      ],
    });
    expect(server.requests).toHaveLength(0);
  });

  it('as text and as subtitles', async () => {
    const as = async (response_format: 'text' | 'srt' | 'vtt') =>
      client.audio.transcriptions.create({ model: 'tones', file: await speech(), response_format });
    expect(await as('text')).toBe('low low high\n');
    expect(await as('srt')).toBe(
      '1\n00:00:00,000 --> 00:00:01,000\nlow\n\n2\n00:00:01,000 --> 00:00:02,000\nlow\n\n' +
        '3\n00:00:02,000 --> 00:00:03,000\nhigh\n',
    );
    expect(await as('vtt')).toBe(
      'WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nlow\n\n00:00:01.000 --> 00:00:02.000\nlow\n\n' +
        '00:00:02.000 --> 00:00:03.000\nhigh\n',
    );
  });

  it('and finds the model in the list', async () => {
    const ids = (await Array.fromAsync(client.models.list())).map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['whisper-1', 'tones', 'midplane-late-interaction']));
  });

  it.each([
    ['a model that is not there', { model: 'gpt-9' }, 404, 'model_not_found'],
    ['a model for something else', { model: 'multilingual-e5-small-zh-en' }, 503, 'MODEL_UNAVAILABLE'],
    ['a language that there is not', { model: 'tones', language: 'klingon' }, 400, 'INVALID_INPUT'],
    ['times of words', { model: 'tones', timestamp_granularities: ['word' as const] }, 400, 'INVALID_INPUT'],
    ['a wrong temperature', { model: 'tones', temperature: 7 }, 400, 'INVALID_INPUT'],
    ['a stream', { model: 'tones', stream: true as never }, 400, 'INVALID_INPUT'],
  ])('is told of %s', async (_, asked, status, code) => {
    const work = client.audio.transcriptions.create({ ...asked, file: await speech() });
    await expect(work).rejects.toMatchObject({ status, code });
  });

  it('is told of sound that can not be read, in its language', async () => {
    const file = await speech(Buffer.from('this is no sound whatsoever'));
    await expect(client.audio.transcriptions.create({ model: 'tones', file })).rejects.toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      code: 'AUDIO_UNREADABLE',
      param: 'file',
    });
    const chinese = await postForm(
      { model: 'tones', file: new Blob(['no sound']) },
      { 'accept-language': 'zh-CN' },
    );
    const { error } = (await chinese.json()) as { error: { message: string } };
    expect(error.message).toMatch(/并非音频.*WAV/);
  });

  it('is refused beyond its limits, and with no key', async () => {
    const other = await createPrincipal(database.database);
    const own = new OpenAI({
      baseURL: `${gateway.url}/v1`,
      apiKey: await createKey(database.database, other),
      maxRetries: 0,
    });
    const { setLimit } = gateway.kernel.registry.client('models');
    await asPrincipal(other, () => setLimit({ scope: 'tenant', requestsPerMinute: 1 }));
    await own.audio.transcriptions.create({ model: 'tones', file: await speech() });
    await expect(
      own.audio.transcriptions.create({ model: 'tones', file: await speech() }),
    ).rejects.toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
    const nobody = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'mp_none', maxRetries: 0 });
    await expect(
      nobody.audio.transcriptions.create({ model: 'tones', file: await speech() }),
    ).rejects.toMatchObject({ status: 401 });
  });
});

describe('a form', () => {
  it('without a file, or with an empty one, is refused', async () => {
    for (const file of [undefined, new Blob([])]) {
      const response = await postForm({ model: 'tones', ...(file && { file }) });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { param: 'file', code: 'INVALID_INPUT' } });
    }
  });

  it('with a file of 25 MiB is taken, and with a larger one is not', async () => {
    const sized = (bytes: number) =>
      new Blob([WAVE as Buffer<ArrayBuffer>, Buffer.alloc(bytes - WAVE.length)]);
    const taken = await postForm({ model: 'tones', file: sized(25 * MIB) });
    expect(await taken.json()).toMatchObject({ text: 'low low high' });
    const refused = await postForm({ model: 'tones', file: sized(25 * MIB + 1) });
    expect(refused.status).toBe(413);
    expect(await refused.json()).toMatchObject({ error: { code: 'FILE_TOO_LARGE' } });
  });

  it('that is none is refused, and no other path takes one', async () => {
    const headers = { authorization: `Bearer ${key}` };
    const json = await fetch(`${gateway.url}/v1/audio/transcriptions`, {
      method: 'POST',
      body: '{"model":"tones"}',
      headers: { ...headers, 'content-type': 'application/json' },
    });
    expect(json.status).toBe(400);
    expect(await json.json()).toMatchObject({
      error: { message: expect.stringContaining('multipart/form-data') },
    });
    const form = new FormData();
    form.set('model', 'tones');
    const embeddings = await fetch(`${gateway.url}/v1/embeddings`, { method: 'POST', body: form, headers });
    expect(embeddings.status).toBe(415);
  });
});

describe("Vercel's ai package", () => {
  it('has speech written down', async () => {
    const provider = createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key });
    const timed = await transcribe({
      model: provider.transcription('whisper-1'),
      audio: WAVE,
      providerOptions: { openai: { timestampGranularities: ['segment'] } },
    });
    expect(timed).toMatchObject({
      text: 'Fifteen days.',
      language: 'en',
      segments: [{ text: 'Fifteen days.', startSecond: 0, endSecond: 1.5 }],
    });
    const local = await transcribe({ model: provider.transcription('tones'), audio: WAVE });
    expect(local.text).toBe('low low high');
  });
});

describe('/v1/rerank', () => {
  const QUERY = '全职员工每年有几天年假？';
  const DOCUMENTS = [
    'The kitchen is cleaned every evening.',
    { text: 'Full-time staff get 15 days of annual leave a year.' },
    '出差的住宿标准为每晚五百元。',
  ];
  const rerank = async (body: object) => {
    const response = await fetch(`${gateway.url}/v1/rerank`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Reranked };
  };
  interface Reranked {
    model: string;
    results: { index: number; relevance_score: number; document?: { text: string } }[];
    usage: { total_tokens: number };
    error?: object;
  }

  it('works with nothing configured, across languages', async () => {
    const { status, headers, body } = await rerank({ query: QUERY, documents: DOCUMENTS });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      model: 'midplane-late-interaction',
      usage: { total_tokens: expect.any(Number) },
    });
    expect(body.results.map(({ index }) => index)[0]).toBe(1);
    const scores = body.results.map(({ relevance_score }) => relevance_score);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    expect(scores[0]!).toBeGreaterThan(scores[1]! + 0.1);
    expect(body.results[0]).not.toHaveProperty('document');
    expect(Number(headers.get('x-midplane-overhead-ms'))).toBeGreaterThan(0);
  });

  it('cuts to the best, and gives the documents back where they are wanted', async () => {
    const asked = { model: 'midplane-late-interaction', query: QUERY, documents: DOCUMENTS, top_n: 1 };
    const { body } = await rerank({ ...asked, return_documents: true });
    expect(body.results).toEqual([{ index: 1, relevance_score: expect.any(Number), document: DOCUMENTS[1] }]);
  });

  it('takes more documents than one call of the models service', async () => {
    const documents = Array.from({ length: 230 }, (_, i) =>
      i === 220 ? '全职员工每年有15天年假。' : `No. ${i}`,
    );
    const { body } = await rerank({ query: QUERY, documents });
    expect(body.results).toHaveLength(230);
    expect(body.results[0]!.index).toBe(220);
  });

  it.each([
    [{ query: QUERY, documents: [] }, 400, 'documents'],
    [{ query: ' ', documents: ['x'] }, 400, 'query'],
    [{ query: QUERY, documents: [3] }, 400, 'documents.0'],
    [{ query: QUERY, documents: ['x'], top_n: 0 }, 400, 'top_n'],
    [{ query: QUERY, documents: ['x'], model: 'nobody' }, 404, null],
  ])('refuses %j', async (body, status, param) => {
    const refused = await rerank(body);
    expect(refused.status).toBe(status);
    expect(refused.body.error).toMatchObject({ param });
  });
});

it('writes each call of these down', async () => {
  const usage = async () =>
    runInContext(contextOf(tenant), () =>
      gateway.kernel.registry.client('models').usage({
        from: new Date(Date.now() - 3_600_000),
        to: new Date(Date.now() + 60_000),
        groupBy: 'MODEL',
      }),
    );
  await expect
    .poll(async () => (await usage()).map(({ key: model }) => model))
    .toEqual(expect.arrayContaining(['tones', 'whisper-1', 'midplane-late-interaction']));
  const tones = (await usage()).find(({ key: model }) => model === 'tones')!;
  expect(tones).toMatchObject({ promptTokens: 0, completionTokens: expect.any(Number) });
  expect(tones.completionTokens).toBeGreaterThan(0);
});
