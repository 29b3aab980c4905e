import { FakeChatServer, type ChatReply, type ChatStep } from '@midplane/testing';
import { runInContext } from '@midplane/kernel';
import { contextOf } from '@midplane/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  addModel,
  addRoute,
  ask,
  type Asked,
  type BootedModels,
  bootModels,
  HI,
} from '../testing/boot-models.js';

let booted: BootedModels;
let first: FakeChatServer;
let second: FakeChatServer;

beforeAll(async () => {
  first = await FakeChatServer.start();
  second = await FakeChatServer.start();
  booted = await bootModels();
});
afterAll(async () => {
  await booted?.close();
  await first?.close();
  await second?.close();
});

const usage = { prompt_tokens: 100, completion_tokens: 10 };
const good: ChatReply = { steps: [{ text: 'fi' }, { text: 'ne' }, { finish: 'stop' }], usage };
const unavailable = (reason: RegExp) => ({
  problem: { code: 'MODEL_UNAVAILABLE', params: { reason: expect.stringMatching(reason) } },
});
const PRICES = { promptPriceMicros: 1_000_000, completionPriceMicros: 2_000_000 };

/** A model of its own for each test: its breaker knows nothing yet. */
const alone = (more = {}) => addModel(booted, first.url, { more: { ...PRICES, ...more } });
async function withFallback(more = {}) {
  const a = await addModel(booted, first.url, { more: { ...PRICES, ...more } });
  const b = await addModel(booted, second.url, { more: PRICES });
  return { a, b, route: await addRoute(booted, { targets: [{ modelId: a.id }], fallbacks: [b.id] }) };
}
const lastRow = async () => (await booted.ledger()).at(-1)!;

beforeEach(() => {
  first.reply(good);
  second.reply({ steps: [{ text: 'second' }, { finish: 'stop' }], usage });
});

describe('a model that does well', () => {
  it('gives its answer piece by piece, then whole, and is written down', () =>
    booted.as(async () => {
      const model = await alone();
      const asked = await ask(booted, { model: model.name, temperature: 0.5, maxTokens: 50, stop: ['END'] });
      // What comes together is one piece.
      expect(asked.events.map((event) => event.type).join(' ')).toMatch(/^started text( text)? done$/);
      expect(asked.text).toBe('fine');
      expect(asked.result).toMatchObject({
        text: 'fine',
        finish: 'stop',
        model: model.name,
        version: `up-${model.name}-2026-01`,
        route: null,
        usage: { promptTokens: 100, completionTokens: 10, costMicros: 120, estimated: false },
        cache: 'off',
        retries: 0,
      });
      expect(first.requests).toMatchObject([
        {
          model: `up-${model.name}`,
          temperature: 0.5,
          max_tokens: 50,
          stop: ['END'],
          stream: true,
          stream_options: { include_usage: true },
          authorization: 'Bearer sk-test-0123456789',
        },
      ]);
      expect(await lastRow()).toMatchObject({
        id: asked.result!.callId,
        outcome: 'ok',
        attempts: 1,
        model: model.name,
        prompt_tokens: 100,
        completion_tokens: 10,
        cost_micros: '120',
        user_id: booted.admin.userId,
      });
    }));

  it('has pieces that follow each other closely sent on together', () =>
    booted.as(async () => {
      const model = await alone();
      const words = Array.from({ length: 40 }, (_, at) => `${at} `);
      first.reply({ steps: [...words.flatMap((text) => [{ text }, { pauseMs: 2 }]), { finish: 'stop' }] });
      const asked = await ask(booted, { model: model.name });
      expect(asked.text).toBe(words.join(''));
      const pieces = asked.events.filter(({ type }) => type === 'text');
      expect(pieces.length).toBeLessThan(words.length / 2);
    }));

  it('is called over the connection of the call before', () =>
    booted.as(async () => {
      const model = await alone();
      await ask(booted, { model: model.name });
      const before = first.connections;
      for (let i = 0; i < 5; i++) await ask(booted, { model: model.name });
      // The last bytes of a call may still be on their way when the next one begins.
      expect(first.connections - before).toBeLessThanOrEqual(1);
    }));

  it('has tokens estimated, and said so, where it does not count', () =>
    booted.as(async () => {
      const model = await alone();
      first.reply({ steps: [{ text: 'one two three' }, { finish: 'stop' }] });
      const { result } = await ask(booted, { model: model.name });
      expect(result!.usage).toMatchObject({ completionTokens: 5, estimated: true });
      expect(await lastRow()).toMatchObject({ usage_estimated: true, completion_tokens: 5 });
    }));

  it('thinks aloud, calls tools, and is asked in its own shape', () =>
    booted.as(async () => {
      const model = await alone({ supports: { images: true } });
      first.reply({
        steps: [
          { reasoning: 'hm' },
          { tool: { index: 0, id: 'c1', name: 'weather', arguments: '{"city"' } },
          { tool: { index: 0, arguments: ':"上海"}' } },
          { tool: { index: 1, id: 'c2', name: 'time', arguments: '{}' } },
          { finish: 'tool_calls' },
        ],
      });
      const { result } = await ask(booted, {
        model: model.name,
        messages: [
          { role: 'system', content: 'Be brief.' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'What is this?' },
              { type: 'image', url: 'data:image/png;base64,AAAA' },
            ],
          },
          { role: 'assistant', content: '', toolCalls: [{ id: 'c0', name: 'look', arguments: '{}' }] },
          { role: 'tool', toolCallId: 'c0', content: 'a cat' },
        ],
        tools: [{ name: 'weather', description: 'd', parameters: { type: 'object' } }, { name: 'time' }],
        toolChoice: { name: 'weather' },
        responseFormat: { type: 'schema', name: 'out', schema: { type: 'object' }, strict: true },
      });
      expect(result).toMatchObject({
        reasoning: 'hm',
        finish: 'toolCalls',
        toolCalls: [
          { id: 'c1', name: 'weather', arguments: '{"city":"上海"}' },
          { id: 'c2', name: 'time', arguments: '{}' },
        ],
      });
      expect(first.requests[0]).toMatchObject({
        messages: [
          { role: 'system', content: 'Be brief.' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'What is this?' },
              { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
            ],
          },
          {
            role: 'assistant',
            tool_calls: [{ id: 'c0', type: 'function', function: { name: 'look', arguments: '{}' } }],
          },
          { role: 'tool', tool_call_id: 'c0', content: 'a cat' },
        ],
        tool_choice: { type: 'function', function: { name: 'weather' } },
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'out', schema: { type: 'object' }, strict: true },
        },
      });
    }));
});

interface Fault {
  steps?: ChatStep[];
  reply?: ChatReply;
  reason: RegExp;
  outcome: string;
  /** Requests to a model that stands alone. */
  attempts: number;
  /** Requests to it where another one waits. */
  withNext: number;
  timeouts?: { firstTokenTimeoutMs?: number; tokenTimeoutMs?: number };
}

const BEFORE: Record<string, Fault> = {
  'hangs before the first token': {
    steps: [{ hang: true }],
    reason: /no token within 1 s/,
    outcome: 'firstToken',
    attempts: 1,
    withNext: 1,
    timeouts: { firstTokenTimeoutMs: 1_000 },
  },
  'closes before the first token': {
    steps: [{ close: true }],
    reason: /broke off/,
    outcome: 'interrupted',
    attempts: 3,
    withNext: 2,
  },
  'answers 500': {
    reply: { status: 500 },
    reason: /HTTP 500/,
    outcome: 'status',
    attempts: 3,
    withNext: 2,
  },
  'answers 429 and asks for 2 minutes': {
    reply: { status: 429, headers: { 'retry-after': '120' } },
    reason: /overloaded \(HTTP 429\)/,
    outcome: 'busy',
    attempts: 1,
    withNext: 1,
  },
  'refuses the key': {
    reply: { status: 401 },
    reason: /refuses the key/,
    outcome: 'key',
    attempts: 1,
    withNext: 1,
  },
  'does not know the model': {
    reply: { status: 404 },
    reason: /does not know it/,
    outcome: 'missing',
    attempts: 1,
    withNext: 1,
  },
  'redirects elsewhere': {
    reply: { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
    reason: /not the protocol/,
    outcome: 'garbled',
    attempts: 1,
    withNext: 1,
  },
  'answers with a page': {
    reply: { type: 'text/html', body: '<html>' },
    reason: /not the protocol/,
    outcome: 'garbled',
    attempts: 3,
    withNext: 2,
  },
  'sends broken JSON as its first event': {
    steps: [{ raw: 'data: {"choices": [{"del\n\n' }, { finish: 'stop' }],
    reason: /not the protocol/,
    outcome: 'garbled',
    attempts: 3,
    withNext: 2,
  },
  'reports an error as its first event': {
    steps: [{ raw: 'data: {"error":{"message":"CUDA out of memory"}}\n\n' }],
    reason: /reported an error/,
    outcome: 'reported',
    attempts: 3,
    withNext: 2,
  },
};

const MIDDLE: Record<string, Fault> = {
  'hangs in mid-stream': {
    steps: [{ text: 'half' }, { hang: true }],
    reason: /stopped for more than 1 s/,
    outcome: 'stalled',
    attempts: 1,
    withNext: 1,
    timeouts: { tokenTimeoutMs: 1_000 },
  },
  'closes in mid-stream': {
    steps: [{ text: 'half' }, { close: true }],
    reason: /broke off/,
    outcome: 'interrupted',
    attempts: 1,
    withNext: 2,
  },
  'ends without a finish reason': {
    steps: [{ text: 'half' }, { stop: true }],
    reason: /broke off/,
    outcome: 'interrupted',
    attempts: 1,
    withNext: 2,
  },
  'sends broken JSON': {
    steps: [{ text: 'half' }, { raw: 'data: {"choices": [{"del\n\n' }, { finish: 'stop' }],
    reason: /not the protocol/,
    outcome: 'garbled',
    attempts: 1,
    withNext: 2,
  },
  'never ends': {
    steps: [{ text: 'x' }, { text: 'x'.repeat(1024 * 16) }, { hang: true }],
    reason: /far beyond 1024 tokens/,
    outcome: 'endless',
    attempts: 1,
    withNext: 1,
  },
};

const replyOf = ({ steps, reply }: Fault): ChatReply => reply ?? { steps: steps! };

describe.each(Object.entries(BEFORE))('a model that %s', (_, fault) => {
  it('is a typed error, and is in the ledger', () =>
    booted.as(async () => {
      const model = await alone(fault.timeouts);
      first.reply(replyOf(fault));
      const asked = await ask(booted, { model: model.name });
      expect(asked).toMatchObject({ events: [], error: unavailable(fault.reason) });
      expect(first.requests).toHaveLength(fault.attempts);
      expect(await lastRow()).toMatchObject({
        outcome: `MODEL_UNAVAILABLE ${fault.outcome}`,
        attempts: fault.attempts,
        cost_micros: '0',
        first_token_ms: null,
      });
    }));

  it('gives way to the next target, and nobody sees it', () =>
    booted.as(async () => {
      const { b, route } = await withFallback(fault.timeouts);
      first.reply(replyOf(fault));
      const { events, text, result } = await ask(booted, { model: route.name });
      expect({ text, model: result?.model }).toEqual({ text: 'second', model: b.name });
      expect(events.map((event) => event.type)).toEqual(['started', 'text', 'done']);
      expect(first.requests).toHaveLength(fault.withNext);
      expect(second.requests).toHaveLength(1);
      expect(await lastRow()).toMatchObject({
        outcome: 'ok',
        attempts: fault.withNext + 1,
        restarts: 0,
        first_answered: false,
        model: b.name,
      });
    }));
});

describe.each(Object.entries(MIDDLE))('a model that %s', (_, fault) => {
  it('ends the stream with a typed error, and never tries again', () =>
    booted.as(async () => {
      const { route } = await withFallback(fault.timeouts);
      first.reply(replyOf(fault));
      const asked = await ask(booted, { model: route.name });
      expect(asked).toMatchObject({ result: undefined, error: unavailable(fault.reason) });
      expect([first.requests.length, second.requests.length]).toEqual([fault.attempts, 0]);
      const row = await lastRow();
      expect(row).toMatchObject({ outcome: `MODEL_UNAVAILABLE ${fault.outcome}`, attempts: 1 });
    }));

  it('gives way to the next target, marked, where the caller takes that', () =>
    booted.as(async () => {
      const { b, route } = await withFallback(fault.timeouts);
      first.reply(replyOf(fault));
      const { events, result } = await ask(booted, { model: route.name, onInterruption: 'restart' });
      const restart = events.findLastIndex((event) => event.type === 'restarted');
      expect(events[restart]).toMatchObject({ model: b.name, reason: expect.stringMatching(fault.reason) });
      const after = events.slice(restart + 1).flatMap((event) => (event.type === 'text' ? [event.text] : []));
      expect([after.join(''), result?.text]).toEqual(['second', 'second']);
      expect([first.requests.length, second.requests.length]).toEqual([fault.withNext, 1]);
      expect(await lastRow()).toMatchObject({ outcome: 'ok', attempts: fault.withNext + 1, model: b.name });
    }));

  it('is not seen by who asks for the whole answer', () =>
    booted.as(async () => {
      const { b, route } = await withFallback(fault.timeouts);
      first.reply(replyOf(fault));
      const result = await booted.models.complete({ model: route.name, messages: HI });
      expect(result).toMatchObject({ text: 'second', model: b.name, retries: fault.withNext });
    }));
});

describe('a model that', () => {
  it('is not there gives way, and is used again when it is back', () =>
    booted.as(async () => {
      const { a, b, route } = await withFallback();
      await first.close();
      try {
        expect((await ask(booted, { model: a.name })).error).toMatchObject(unavailable(/cannot be reached/));
        expect(await lastRow()).toMatchObject({ outcome: 'MODEL_UNAVAILABLE unreachable', attempts: 3 });
        expect((await ask(booted, { model: route.name })).result?.model).toBe(b.name);
        expect(await lastRow()).toMatchObject({ outcome: 'ok', model: b.name, first_answered: false });
      } finally {
        await first.reopen();
      }
    }));

  it('is slow to start, but within its time, is waited for', () =>
    booted.as(async () => {
      const { a, route } = await withFallback();
      first.reply({ steps: [{ pauseMs: 1_500 }, { text: 'late' }, { finish: 'stop' }] });
      expect((await ask(booted, { model: route.name })).result).toMatchObject({
        text: 'late',
        model: a.name,
      });
      expect([first.requests.length, second.requests.length]).toEqual([1, 0]);
      const row = await lastRow();
      expect(row).toMatchObject({ outcome: 'ok', attempts: 1, model: a.name, first_answered: true });
      expect(row.first_token_ms).toBeGreaterThanOrEqual(1_000);
    }));

  it('counts as alive while it thinks', () =>
    booted.as(async () => {
      const model = await alone({ tokenTimeoutMs: 2_000 });
      const thinking = Array.from({ length: 6 }, (): ChatStep[] => [{ reasoning: 'hm' }, { pauseMs: 500 }]);
      first.reply({ steps: [...thinking.flat(), { text: 'fine' }, { finish: 'stop' }] });
      expect((await ask(booted, { model: model.name })).result?.text).toBe('fine');
    }));

  it('answers 429 and asks for little is asked again, and answers', () =>
    booted.as(async () => {
      const model = await alone();
      first.reply({ status: 429, headers: { 'retry-after': '0.01' } }, good);
      expect((await ask(booted, { model: model.name })).result).toMatchObject({ text: 'fine', retries: 1 });
      expect(first.requests).toHaveLength(2);
      expect(await lastRow()).toMatchObject({ outcome: 'ok', attempts: 2, first_answered: true });
    }));

  it('refuses the request says why, and is not blamed', () =>
    booted.as(async () => {
      const model = await alone();
      first.reply({ status: 400, message: 'maximum context length is 4096 tokens' });
      for (let i = 0; i < 6; i++) {
        expect((await ask(booted, { model: model.name })).error).toMatchObject({
          problem: {
            code: 'INVALID_INPUT',
            params: { field: 'messages', detail: expect.stringContaining('maximum context length') },
          },
        });
      }
      expect(first.requests).toHaveLength(6);
    }));

  it('keeps failing is left alone, and the others answer at once', () =>
    booted.as(async () => {
      const { a, b, route } = await withFallback();
      first.reply({ status: 401 });
      for (let i = 0; i < 8; i++) {
        expect((await ask(booted, { model: route.name })).result?.model).toBe(b.name);
      }
      expect(first.requests).toHaveLength(5);
      expect((await ask(booted, { model: a.name })).error).toMatchObject(unavailable(/failed repeatedly/));
      const states = Object.fromEntries(
        (await booted.models.models({})).map((each) => [each.name, each.health]),
      );
      expect(states).toMatchObject({ [a.name]: 'DOWN', [b.name]: 'UP' });
    }));

  it('names neither key nor address in what it throws', () =>
    booted.as(async () => {
      const model = await alone();
      first.reply({ status: 401 });
      const error = (await ask(booted, { model: model.name })).error as Error & { problem: unknown };
      expect(JSON.stringify([error.message, error.problem])).not.toMatch(/sk-test|127\.0\.0\.1/);
    }));
});

describe('half of the deployments down', () => {
  it('every call is answered', () =>
    booted.as(async () => {
      const a = await addModel(booted, first.url);
      const b = await addModel(booted, second.url);
      const route = await addRoute(booted, { targets: [{ modelId: a.id }, { modelId: b.id }] });
      first.reply({ status: 401 });
      const asked = await Promise.all(Array.from({ length: 40 }, () => ask(booted, { model: route.name })));
      expect(asked.every(({ result }) => result?.model === b.name)).toBe(true);
      expect(second.requests).toHaveLength(40);
      // Each call asked it once at most, until it was left alone.
      const rows = (await booted.ledger()).slice(-40);
      const tried = rows.reduce((sum, row) => sum + row.attempts, 0) - 40;
      expect(first.requests).toHaveLength(tried);
      expect(tried).toBeGreaterThanOrEqual(5);
      expect(new Set(rows.map(({ outcome, model }) => `${outcome} ${model}`))).toEqual(
        new Set([`ok ${b.name}`]),
      );
    }));
});

describe('a reader that', () => {
  it('stops reading cancels the request', () =>
    booted.as(async () => {
      const model = await alone();
      first.reply({ steps: [{ text: 'half' }, { text: 'more' }, { hang: true }] });
      for await (const event of await booted.models.chat({ model: model.name, messages: HI })) {
        if (event.type === 'text') break;
      }
      await expect.poll(() => first.aborted).toBe(1);
      const row = await lastRow();
      expect(row).toMatchObject({ outcome: 'cancelled', usage_estimated: true });
      expect(Number(row.cost_micros)).toBeGreaterThan(0);
    }));

  it('goes away while nothing has come cancels the request', async () => {
    const model = await booted.as(() => alone());
    first.reply({ steps: [{ hang: true }] });
    const gone = new AbortController();
    const asking: Promise<Asked> = runInContext(contextOf(booted.admin, { signal: gone.signal }), () =>
      ask(booted, { model: model.name }),
    );
    await expect.poll(() => first.requests.length).toBe(1);
    gone.abort();
    expect((await asking).error).toBeDefined();
    await expect.poll(() => first.aborted).toBe(1);
    expect(await lastRow()).toMatchObject({ outcome: 'cancelled', attempts: 1, cost_micros: '0' });
  });
});
