import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UserError } from '@midplane/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createInference, type Inference } from '../inference.js';
import type { RerankEndpointOptions } from './endpoint.reranker.js';
import { protocolOf, type RerankProtocol, rerankUrl } from './rerank.protocols.js';

const KEY = 'sk-very-secret';

/** The fields of all three protocols. */
interface Asked {
  model?: string;
  query: string;
  texts?: string[];
  documents?: string[];
  top_n?: number;
  truncate?: boolean;
  return_documents?: boolean;
}

/** How the server answers the n-th request (from 1). */
type Answer = (asked: Asked, response: ServerResponse, n: number) => void;

/** A text's score here: its share of the letters that a text may have. */
const scoreOf = (text: string): number => text.length / 1000;

/** Best first, as servers do: the index counts, not the place. */
const ranks = (texts: readonly string[]): { index: number; score: number }[] =>
  texts.map((text, index) => ({ index, score: scoreOf(text) })).sort((a, b) => b.score - a.score);

const send = (response: ServerResponse, body: unknown): unknown => response.end(JSON.stringify(body));

const results = (ranked: readonly { index: number; score: number | null }[]): unknown => ({
  results: ranked.map(({ index, score }) => ({ index, relevance_score: score })),
});

const WELL: Record<RerankProtocol, Answer> = {
  tei: ({ texts }, response) => send(response, ranks(texts!)),
  jina: ({ model, documents }, response) =>
    send(response, {
      model,
      ...(results(ranks(documents!)) as object),
      usage: { total_tokens: 7 * documents!.length },
    }),
  cohere: ({ documents }, response) =>
    send(response, {
      id: 'x',
      ...(results(ranks(documents!)) as object),
      meta: { api_version: { version: '2' }, tokens: { input_tokens: 3 * documents!.length } },
    }),
};

const status =
  (code: number, headers: Record<string, string> = {}, body = '{"error":"no"}'): Answer =>
  (_, response) =>
    response.writeHead(code, headers).end(body);

/** As TEI refuses a batch, with the status of its present and of its older versions. */
const atMost =
  (limit: number, code = 413, named = true): Answer =>
  (asked, response, n) => {
    const size = asked.texts!.length;
    if (size <= limit) return WELL.tei(asked, response, n);
    const error = named ? `batch size ${size} > maximum allowed batch size ${limit}` : 'batch size error';
    response.writeHead(code).end(JSON.stringify({ error, error_type: 'Validation' }));
  };

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

let host: string;
let inference: Inference;
const open = (options: Partial<RerankEndpointOptions> = {}, queueLimit?: number): Inference =>
  (inference = createInference({
    queueLimit,
    rerankEndpoint: {
      baseUrl: host,
      model: 'bge-reranker-v2-m3',
      apiKey: KEY,
      batchSize: 32,
      concurrency: 2,
      timeoutMs: 10_000,
      ...options,
    },
  }));

beforeEach(async () => {
  answer = WELL.tei;
  requests.length = 0;
  aborted = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await inference.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const TEXTS = ['short', 'the longest of the three', 'in the middle'];
const SCORES = TEXTS.map(scoreOf);

const rerank = (texts: string[] = TEXTS, signal?: AbortSignal, query = 'how long?') =>
  inference.rerank({ query, texts, urgency: 'bulk', signal });

const scoresOf = async (texts?: string[]): Promise<number[]> => (await rerank(texts)).scores;

const reasonOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof UserError)) throw new Error(`expected a UserError, got ${String(error)}`);
  expect(error.code).toBe('MODEL_UNAVAILABLE');
  for (let each: unknown = error; each instanceof Error; each = each.cause)
    expect(`${each.message} ${each.stack}`).not.toContain(KEY);
  return String(error.problem.params['reason']);
};

describe('the protocol', () => {
  it('of TEI', async () => {
    open();
    expect(await scoresOf()).toEqual(SCORES);
    expect(requests).toMatchObject([
      { path: '/rerank', headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' } },
    ]);
    expect(requests[0]!.asked).toEqual({ query: 'how long?', texts: TEXTS, truncate: true });
  });

  it('of Jina, vLLM and llama.cpp', async () => {
    open({ baseUrl: `${host}/v1` });
    answer = WELL.jina;
    expect(await scoresOf()).toEqual(SCORES);
    expect(requests[0]!.path).toBe('/v1/rerank');
    expect(requests[0]!.asked).toEqual({
      model: 'bge-reranker-v2-m3',
      query: 'how long?',
      documents: TEXTS,
      top_n: 3,
      return_documents: false,
    });
    expect((await inference.load())['bge-reranker-v2-m3']).toMatchObject({ texts: 3, tokens: 21 });
  });

  it('of Cohere', async () => {
    open({ protocol: 'cohere' });
    answer = WELL.cohere;
    expect(await scoresOf()).toEqual(SCORES);
    expect(requests[0]!.path).toBe('/v2/rerank');
    expect(requests[0]!.asked).toEqual({
      model: 'bge-reranker-v2-m3',
      query: 'how long?',
      documents: TEXTS,
      top_n: 3,
    });
    expect((await inference.load())['bge-reranker-v2-m3']).toMatchObject({ texts: 3, tokens: 9 });
  });

  it.each<[string, RerankProtocol, string]>([
    ['http://tei:8080', 'tei', 'http://tei:8080/rerank'],
    ['http://tei:8080/', 'tei', 'http://tei:8080/rerank'],
    ['http://gateway/models/tei/rerank', 'tei', 'http://gateway/models/tei/rerank'],
    ['http://vllm:8000/v1', 'jina', 'http://vllm:8000/v1/rerank'],
    ['http://vllm:8000/v1/rerank', 'jina', 'http://vllm:8000/v1/rerank'],
    ['http://vllm:8000/v2', 'cohere', 'http://vllm:8000/v2/rerank'],
    ['https://api.jina.ai', 'jina', 'https://api.jina.ai/v1/rerank'],
    ['https://api.cohere.com', 'cohere', 'https://api.cohere.com/v2/rerank'],
    ['https://api.cohere.com/v2/', 'cohere', 'https://api.cohere.com/v2/rerank'],
    ['https://cloud/v1?api-version=3', 'jina', 'https://cloud/v1/rerank?api-version=3'],
  ])('at %s is %s', (baseUrl, protocol, url) => {
    open();
    expect(protocolOf(baseUrl)).toBe(protocol);
    expect(rerankUrl(baseUrl, protocol)).toBe(url);
  });
});

describe('EndpointReranker', () => {
  it('is the configured one, and names its revision by address, protocol and model, never by secrets', async () => {
    const revisionOf = async (options: Partial<RerankEndpointOptions>): Promise<string> =>
      (await open(options).rerankModels()).configured!.revision;
    const first = await revisionOf({});
    expect((await inference.rerankModels()).configured!.name).toBe('bge-reranker-v2-m3');
    expect(await revisionOf({ apiKey: 'another' })).toBe(first);
    expect(await revisionOf({ baseUrl: host.replace('//', '//user:password@') })).toBe(first);
    expect(await revisionOf({ model: 'other' })).not.toBe(first);
    expect(await revisionOf({ baseUrl: `${host}/v1` })).not.toBe(first);
    expect(requests).toEqual([]);
  });

  it('sends batches, and gives the scores in the order of the texts', async () => {
    open({ batchSize: 2 });
    const texts = ['a', 'bbb', 'cc', 'ddddd', 'eeee'];
    expect(await scoresOf(texts)).toEqual(texts.map(scoreOf));
    expect(requests.map(({ asked }) => asked.texts!.length).sort()).toEqual([1, 2, 2]);
  });

  it.each([413, 422])(
    'splits a batch that is refused as too large (HTTP %i), and learns the limit',
    async (code) => {
      open();
      answer = atMost(4, code);
      const texts = Array.from({ length: 10 }, (_, i) => 'x'.repeat(i));
      expect(await scoresOf(texts)).toEqual(texts.map(scoreOf));
      expect(requests.map(({ asked }) => asked.texts!.length)).toEqual([10, 4, 4, 2]);
      requests.length = 0;
      await scoresOf(texts);
      expect(requests.map(({ asked }) => asked.texts!.length).sort()).toEqual([2, 4, 4]);
    },
  );

  it('halves a batch where no limit is named, and gives up where one text is too much', async () => {
    open();
    answer = atMost(3, 422, false);
    expect(await scoresOf(['a', 'bb', 'ccc', 'dddd', 'eeeee'])).toEqual([1, 2, 3, 4, 5].map((n) => n / 1000));
    expect(requests.map(({ asked }) => asked.texts!.length)).toEqual([5, 3, 2]);
    answer = status(413, {}, '<html>Request Entity Too Large</html>');
    expect(await reasonOf(rerank(['a', 'b']))).toMatch(/RERANK_BATCH_SIZE/);
  });

  it('makes probabilities of logits, by all scores of a question, and goes on doing so', async () => {
    open({ baseUrl: `${host}/v1`, batchSize: 2, concurrency: 1 });
    const logits: Record<string, number> = { best: 4, good: 0.5, bad: -6 };
    answer = ({ documents }, response) =>
      send(response, results(documents!.map((text, index) => ({ index, score: logits[text]! }))));
    const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
    expect(await scoresOf(['good', 'good', 'best', 'bad'])).toEqual([0.5, 0.5, 4, -6].map(sigmoid));
    expect(await scoresOf(['good'])).toEqual([sigmoid(0.5)]);
  });

  it.each<[string, Answer]>([
    ['429 with Retry-After', status(429, { 'retry-after': '0' })],
    ['503 with a date', status(503, { 'retry-after': new Date().toUTCString() })],
    ['500', status(500)],
    ['a page of a proxy', (_, response) => response.end('<html><body>Welcome</body></html>')],
    ['broken JSON', (_, response) => response.end('[{"index":0,"sco')],
    ['NaN', (_, response) => response.end('[{"index":0,"score":NaN}]')],
    ['a closed connection', (_, response) => response.destroy()],
  ])('tries again after %s', async (_, bad) => {
    open();
    answer = (asked, response, n) => (n === 1 ? bad : WELL.tei)(asked, response, n);
    expect(await scoresOf()).toEqual(SCORES);
    expect(requests).toHaveLength(2);
  });

  it.each<[string, Answer, RegExp, number]>([
    ['a refused key', status(401), /RERANK_API_KEY/, 1],
    ['an unknown path or model', status(404), /RERANK_BASE_URL, RERANK_PROTOCOL and RERANK_MODEL/, 1],
    ['a bad request', status(400), /HTTP 400/, 1],
    ['a model that is no reranker', status(424), /HTTP 424/, 1],
    ['a pause longer than anybody waits', status(429, { 'retry-after': '3600' }), /HTTP 429/, 1],
    ['500 again and again', status(500), /HTTP 500/, 4],
    [
      'another protocol',
      (_, r) => send(r, results(ranks(TEXTS))),
      /tei rerank protocol; check RERANK_PROTOCOL/,
      1,
    ],
    ['a score that is none', (_, r) => send(r, [{ index: 0, score: null }]), /shape/, 1],
    ['a score beyond all numbers', (_, r) => r.end('[{"index":0,"score":1e999}]'), /shape/, 1],
    ['too few scores', (_, r) => send(r, ranks(['a', 'b'])), /2 scores for 3 texts/, 1],
    ['too many scores', (_, r) => send(r, ranks(['a', 'b', 'c', 'd'])), /4 scores for 3 texts/, 1],
    [
      'the same text twice',
      (_, r) =>
        send(
          r,
          [0, 1, 1].map((index) => ({ index, score: 0.5 })),
        ),
      /not one for each/,
      1,
    ],
    [
      'a text that was not sent',
      (_, r) =>
        send(
          r,
          [0, 1, 3].map((index) => ({ index, score: 0.5 })),
        ),
      /not one for each/,
      1,
    ],
  ])('reports %s', async (_, bad, reason, attempts) => {
    open();
    answer = bad;
    expect(await reasonOf(rerank())).toMatch(reason);
    expect(requests).toHaveLength(attempts);
  });

  it('gives up on an answer that does not come, sooner where somebody waits', async () => {
    open({ timeoutMs: 50 });
    answer = () => undefined;
    const interactive = inference.rerank({ query: 'q', texts: ['a'], urgency: 'interactive' });
    expect(await reasonOf(interactive)).toBe('it did not answer within 50 ms');
    expect(requests).toHaveLength(1);
    await reasonOf(rerank());
    expect(requests).toHaveLength(5);
  });

  it('tries only once more where somebody waits', async () => {
    open();
    answer = status(500);
    await reasonOf(inference.rerank({ query: 'q', texts: ['a'], urgency: 'interactive' }));
    expect(requests).toHaveLength(2);
  });

  it('reports an address where nobody listens', async () => {
    open({ baseUrl: 'http://127.0.0.1:9' });
    expect(await reasonOf(rerank())).toMatch(/cannot be reached/);
  });

  it('leaves an endpoint alone that fails again and again', async () => {
    open();
    answer = status(500);
    await reasonOf(rerank());
    await reasonOf(rerank());
    const before = requests.length;
    expect(await reasonOf(rerank())).toMatch(/tried next in/);
    expect(requests).toHaveLength(before);
  });

  it('cancels the request of a caller that has gone, and sends its other texts never', async () => {
    open({ batchSize: 1, concurrency: 1 });
    const gone = new AbortController();
    answer = () => gone.abort(new Error('gone'));
    await expect(rerank(['a', 'b', 'c'], gone.signal)).rejects.toThrow('gone');
    answer = WELL.tei;
    await rerank(['d']);
    expect(requests.map(({ asked }) => asked.texts)).toEqual([['a'], ['d']]);
    expect(aborted).toBe(1);
  });

  it('refuses what has no room in the queue', async () => {
    open({ batchSize: 1, concurrency: 1 }, 2);
    const gone = new AbortController();
    answer = () => undefined;
    const waiting = rerank(['a', 'b', 'c'], gone.signal);
    const refused = await rerank(['d', 'e']).catch((error: unknown) => error);
    expect((refused as UserError).problem).toEqual({
      code: 'MODEL_OVERLOADED',
      params: { model: 'bge-reranker-v2-m3' },
    });
    gone.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
  });

  it('cuts what is too long for the pair only where told the limit', async () => {
    open({ maxTokens: 64 });
    const long = 'annual leave '.repeat(500);
    await rerank([long, 'short'], undefined, 'how many days of annual leave?');
    const [cut, short] = requests[0]!.asked.texts as [string, string];
    expect(short).toBe('short');
    expect(long.startsWith(cut)).toBe(true);
    expect(cut.length).toBeGreaterThan(100);
    expect(cut.length).toBeLessThan(500);
    await inference.close();
    open();
    await rerank([long]);
    expect(requests[1]!.asked.texts).toEqual([long]);
  });
});
