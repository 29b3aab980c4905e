import { UserError } from '@midplane/kernel';
import { FakeChatServer, type ChatReply, type ChatStep } from '@midplane/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ChatEnd, ChatModelClient } from './chat-model.client.js';

let server: FakeChatServer;
let client: ChatModelClient;

beforeAll(async () => {
  server = await FakeChatServer.start();
});
afterAll(() => server.close());
/** Patient enough for a busy machine. */
const PATIENCE_MS = 10_000;

function connect(baseUrl: string, patienceMs = PATIENCE_MS): ChatModelClient {
  return new ChatModelClient({
    baseUrl,
    apiKey: 'sk-test',
    model: 'tester',
    contextTokens: 4096,
    maxTokens: 64,
    firstTokenTimeoutMs: patienceMs,
    tokenTimeoutMs: patienceMs,
  });
}

beforeEach(() => {
  client = connect(server.url);
});

async function collect(signal = new AbortController().signal): Promise<{ pieces: string[]; end: ChatEnd }> {
  const pieces: string[] = [];
  const stream = client.stream({ messages: [{ role: 'user', content: 'hi' }], maxTokens: 64, signal });
  for (;;) {
    const next = await stream.next();
    if (next.done) return { pieces, end: next.value };
    pieces.push(next.value);
  }
}

async function failure(...replies: ChatReply[]): Promise<UserError> {
  server.reply(...replies);
  return collect().then(
    () => {
      throw new Error('It ended well.');
    },
    (error: unknown) => error as UserError,
  );
}

const good: ChatReply = { steps: [{ text: 'fine' }, { finish: 'stop' }] };
const unavailable = (reason: RegExp) => ({
  problem: { code: 'MODEL_UNAVAILABLE', params: { model: 'tester', reason: expect.stringMatching(reason) } },
});

describe('ChatModelClient', () => {
  it('streams the pieces, and gives usage and version at the end', async () => {
    server.say('a', 'b');
    expect(await collect()).toEqual({
      pieces: ['a', 'b'],
      end: { usage: { promptTokens: 120, completionTokens: 12 }, version: 'tester' },
    });
    expect(server.requests[0]).toMatchObject({
      model: 'tester',
      temperature: 0,
      max_tokens: 64,
      stream: true,
      authorization: 'Bearer sk-test',
    });
  });

  it.each([408, 429, 500, 502, 503])('tries again after %i, and succeeds', async (status) => {
    server.reply({ status, headers: { 'retry-after': '0.01' } }, good);
    expect((await collect()).pieces).toEqual(['fine']);
    expect(server.requests).toHaveLength(2);
  });

  it.each([
    [401, /refuses the key/],
    [404, /does not know it/],
    [400, /HTTP 400/],
  ])('does not try again after %i', async (status, reason) => {
    expect(await failure({ status }, good)).toMatchObject(unavailable(reason));
    expect(server.requests).toHaveLength(1);
  });

  it('gives up after three attempts', async () => {
    expect(await failure({ status: 500, headers: { 'retry-after': '0' } })).toMatchObject(
      unavailable(/HTTP 500/),
    );
    expect(server.requests).toHaveLength(3);
  });

  it('does not wait for as long as an endpoint may ask', async () => {
    expect(await failure({ status: 429, headers: { 'retry-after': '120' } }, good)).toMatchObject(
      unavailable(/overloaded \(HTTP 429\)/),
    );
    expect(server.requests).toHaveLength(1);
  });

  it('fails where nothing listens', async () => {
    const gone = await FakeChatServer.start();
    const url = gone.url;
    await gone.close();
    client = connect(url);
    await expect(collect()).rejects.toMatchObject(unavailable(/cannot be reached/));
  });

  it.each<[string, ChatStep[], RegExp]>([
    ['cuts the connection in the middle', [{ text: 'half' }, { close: true }], /broke off/],
    ['ends without a finish reason', [{ text: 'half' }, { stop: true }], /broke off/],
    [
      'sends broken JSON',
      [{ text: 'half' }, { raw: 'data: {"choices": [{"del\n\n' }, { finish: 'stop' }],
      /not the protocol/,
    ],
    ['runs out of tokens', [{ text: 'half' }, { finish: 'length' }], /LLM_MAX_TOKENS/],
    ['is stopped by its filter', [{ text: 'half' }, { finish: 'content_filter' }], /withheld/],
    ['never ends', [{ text: 'x'.repeat(2_000) }, { hang: true }], /LLM_MAX_TOKENS/],
  ])('fails where the endpoint %s, and does not try again', async (_, steps, reason) => {
    expect(await failure({ steps }, good)).toMatchObject(unavailable(reason));
    expect(server.requests).toHaveLength(1);
  });

  it.each<[string, ChatStep[], RegExp]>([
    ['before the first token', [{ hang: true }], /no token within 2 s/],
    ['in the middle', [{ text: 'half' }, { hang: true }], /stopped for more than 2 s/],
  ])('fails where the endpoint hangs %s, and does not try again', async (_, steps, reason) => {
    client = connect(server.url, 2_000);
    expect(await failure({ steps }, good)).toMatchObject(unavailable(reason));
    expect(server.requests).toHaveLength(1);
  });

  it('tries again where the connection was cut before the first token', async () => {
    server.reply({ steps: [{ close: true }] }, good);
    expect((await collect()).pieces).toEqual(['fine']);
  });

  it('counts thinking as a sign of life', async () => {
    client = connect(server.url, 2_000);
    const thinking = Array.from({ length: 6 }, (): ChatStep[] => [
      { reasoning: 'hm' },
      { pauseMs: 500 },
    ]).flat();
    server.reply({ steps: [...thinking, { text: 'fine' }, { finish: 'stop' }] });
    expect((await collect()).pieces).toEqual(['fine']);
  });

  it('ends the request where the caller goes away', async () => {
    server.reply({ steps: [{ text: 'half' }, { hang: true }] });
    const gone = new AbortController();
    const stream = client.stream({ messages: [], maxTokens: 64, signal: gone.signal });
    await stream.next();
    gone.abort();
    await expect(stream.next()).rejects.toThrow();
    await expect.poll(() => server.aborted).toBe(1);
  });

  it('ends the request where the caller stops reading', async () => {
    server.reply({ steps: [{ text: 'half' }, { text: 'more' }, { hang: true }] });
    for await (const piece of client.stream({
      messages: [],
      maxTokens: 64,
      signal: new AbortController().signal,
    })) {
      expect(piece).toBe('half');
      break;
    }
    await expect.poll(() => server.aborted).toBe(1);
  });

  it('leaves an endpoint alone that keeps failing', async () => {
    for (let i = 0; i < 2; i++) await failure({ status: 500, headers: { 'retry-after': '0' } });
    expect(await failure(good)).toMatchObject(unavailable(/failed repeatedly/));
    expect(server.requests).toHaveLength(0);
  });

  it('names neither key nor address in what it throws', async () => {
    const error = await failure({ status: 401 });
    expect(JSON.stringify([error.message, error.problem])).not.toMatch(/sk-test|127\.0\.0\.1/);
  });
});
