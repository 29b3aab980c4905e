import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UserError } from '@midplane/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createInference, type Inference, type InferenceOptions } from '../inference.js';
import type { EndpointOptions } from './endpoint.embedder.js';

const KEY = 'sk-very-secret';

interface Asked {
  model: string;
  input: string[];
}

/** How the server, which speaks OpenAI's protocol, answers the n-th request (from 1). */
type Answer = (asked: Asked, response: ServerResponse, n: number) => void;

/** Vectors that tell texts apart: the direction is the text's length. */
const well: Answer = ({ input }, response) => {
  const data = input.map((text, index) => ({ object: 'embedding', index, embedding: [text.length, 1, 0] }));
  // Servers may answer in any order; the index counts.
  response.end(
    JSON.stringify({ object: 'list', data: data.reverse(), usage: { total_tokens: input.length * 5 } }),
  );
};

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    response.writeHead(code, headers).end('{"error":{"message":"no"}}');

/** Misbehaves once, then answers well. */
const once =
  (bad: Answer): Answer =>
  (asked, response, n) =>
    (n === 1 ? bad : well)(asked, response, n);

let answer: Answer;
const requests: { asked: Asked; headers: IncomingMessage['headers']; path: string | undefined }[] = [];
let aborted = 0;
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  response.on('close', () => (aborted += response.writableFinished ? 0 : 1));
  request.on('end', () => {
    const asked = JSON.parse(body) as Asked;
    requests.push({ asked, headers: request.headers, path: request.url });
    answer(asked, response, requests.length);
  });
});

let baseUrl: string;
let inference: Inference;
const open = (options: Partial<EndpointOptions> = {}, more: InferenceOptions = {}): Inference =>
  (inference = createInference({
    ...more,
    endpoint: {
      baseUrl,
      model: 'bge-m3',
      apiKey: KEY,
      maxTokens: 512,
      prefixes: { query: 'ask: ', passage: '' },
      batchSize: 4,
      concurrency: 2,
      timeoutMs: 10_000,
      ...options,
    },
  }));

beforeEach(async () => {
  answer = well;
  requests.length = 0;
  aborted = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
afterEach(async () => {
  await inference.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const embed = (texts: string[], signal?: AbortSignal) =>
  inference.embed({ role: 'query', urgency: 'bulk', texts, signal });

const reasonOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof UserError)) throw new Error(`expected a UserError, got ${String(error)}`);
  expect(error.code).toBe('MODEL_UNAVAILABLE');
  expect(error.message).not.toContain(KEY);
  return String(error.problem.params['reason']);
};

describe('EndpointEmbedder', () => {
  it('sends batches with the prefix and the key, and gives vectors of length 1 in the order of the texts', async () => {
    open();
    const texts = ['a', 'bb', 'ccc', 'dddd', 'eeeee'];
    const { model, vectors } = await embed(texts);
    expect(model).toMatchObject({ name: 'bge-m3', dimension: 3, maxTokens: 512 });
    for (const [i, text] of texts.entries()) {
      const length = text.length + 'ask: '.length;
      expect(vectors[i]![0]! / vectors[i]![1]!).toBeCloseTo(length, 4);
      expect(Math.hypot(...vectors[i]!)).toBeCloseTo(1, 5);
    }
    expect(requests.map(({ asked }) => asked.input.length).sort()).toEqual([1, 4]);
    expect(requests[0]).toMatchObject({
      path: '/v1/embeddings',
      asked: { model: 'bge-m3', input: ['ask: a', 'ask: bb', 'ask: ccc', 'ask: dddd'] },
      headers: { authorization: `Bearer ${KEY}` },
    });
  });

  it('is the default, beside the models on disk', async () => {
    open({ dimension: 3 });
    const models = await inference.embeddingModels();
    expect(models.map(({ name }) => name)).toEqual(['bge-m3', 'multilingual-e5-small-zh-en']);
    expect(requests).toHaveLength(0);
  });

  it('names its revision by address, model and prefixes, never by secrets', async () => {
    const revisionOf = async (options: Partial<EndpointOptions>): Promise<string> =>
      (await open({ dimension: 3, ...options }).embeddingModels())[0]!.revision;
    const first = await revisionOf({});
    expect(await revisionOf({ apiKey: 'another' })).toBe(first);
    expect(await revisionOf({ baseUrl: baseUrl.replace('//', '//user:password@') })).toBe(first);
    expect(await revisionOf({ model: 'other' })).not.toBe(first);
    expect(await revisionOf({ prefixes: { query: '', passage: '' } })).not.toBe(first);
  });

  it.each<[string, Answer]>([
    ['429 with Retry-After', status(429, { 'retry-after': '0' })],
    ['500', status(500)],
    ['503 with a date', status(503, { 'retry-after': new Date().toUTCString() })],
    ['broken JSON', (_, response) => response.end('{"data":[{"embe')],
    ['a closed connection', (_, response) => response.destroy()],
    [
      'a connection closed half-way',
      (_, response) => (response.write('{"data"'), setImmediate(() => response.destroy())),
    ],
  ])('tries again after %s', async (_, bad) => {
    open();
    answer = once(bad);
    expect((await embed(['x'])).vectors).toHaveLength(1);
    expect(requests).toHaveLength(2);
  });

  it.each<[string, Answer, RegExp, number]>([
    ['a refused key', status(401), /EMBEDDING_API_KEY/, 1],
    ['an unknown model', status(404), /EMBEDDING_MODEL/, 1],
    ['a bad request', status(400), /HTTP 400/, 1],
    ['a pause longer than anybody waits', status(429, { 'retry-after': '3600' }), /HTTP 429/, 1],
    ['500 again and again', status(500), /HTTP 500/, 4],
    ['another shape', (_, response) => response.end('{"embeddings":[]}'), /shape/, 1],
    ['too few vectors', (_, response) => response.end('{"data":[]}'), /0 vectors for 1 texts/, 1],
    [
      'the same place twice',
      (_, response) => response.end('{"data":[{"index":0,"embedding":[1,0]},{"index":0,"embedding":[1,0]}]}'),
      /2 vectors for 1 texts/,
      1,
    ],
    [
      'a vector of zeros',
      (_, response) => response.end('{"data":[{"embedding":[0,0]}]}'),
      /without a direction/,
      1,
    ],
  ])('reports %s', async (_, bad, reason, attempts) => {
    open();
    answer = bad;
    expect(await reasonOf(embed(['x']))).toMatch(reason);
    expect(requests).toHaveLength(attempts);
  });

  it('refuses vectors of another dimension than configured', async () => {
    open({ dimension: 1024 });
    expect(await reasonOf(embed(['x']))).toBe('its vectors have 3 dimensions instead of 1024');
  });

  it('refuses vectors of another dimension than those before', async () => {
    open();
    await embed(['x']);
    answer = (_, response) => response.end('{"data":[{"embedding":[1,2]}]}');
    expect(await reasonOf(embed(['x']))).toBe('its vectors have 2 dimensions instead of 3');
  });

  it('gives up on an answer that does not come', async () => {
    open({ timeoutMs: 50 });
    answer = () => undefined;
    expect(await reasonOf(embed(['x']))).toBe('it did not answer within 50 ms');
    expect(requests).toHaveLength(4);
  });

  it('reports an address where nobody listens', async () => {
    open({ baseUrl: 'http://127.0.0.1:9/v1' });
    expect(await reasonOf(embed(['x']))).toMatch(/cannot be reached/);
  });

  it('leaves an endpoint alone that fails again and again', async () => {
    open();
    answer = status(500);
    await reasonOf(embed(['x']));
    await reasonOf(embed(['x']));
    const before = requests.length;
    expect(await reasonOf(embed(['x']))).toMatch(/tried next in/);
    expect(requests).toHaveLength(before);
  });

  it('cancels the request of a caller that has gone, and sends its other texts never', async () => {
    open({ batchSize: 1, concurrency: 1 });
    const gone = new AbortController();
    answer = () => gone.abort(new Error('gone'));
    await expect(embed(['a', 'b', 'c'], gone.signal)).rejects.toThrow('gone');
    answer = well;
    await embed(['d']);
    expect(requests.map(({ asked }) => asked.input[0])).toEqual(['ask: a', 'ask: d']);
    expect(aborted).toBe(1);
  });

  it('counts tokens near enough with the shipped tokenizer, and cuts what is too long', async () => {
    open({ maxTokens: 64 });
    const { counts, overhead } = await inference.countTokens({ texts: ['员工年假', 'annual leave'] });
    expect(counts.every((count) => count >= 1 && count <= 6)).toBe(true);
    expect(overhead).toBeGreaterThan(2);
    await embed(['annual leave '.repeat(500), 'short']);
    const [long, short] = requests[0]!.asked.input as [string, string];
    expect(short).toBe('ask: short');
    expect(long.length).toBeLessThan(500);
    expect(long.startsWith('ask: annual leave annual leave')).toBe(true);
  });
});
