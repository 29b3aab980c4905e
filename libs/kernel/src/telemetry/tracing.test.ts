import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { contextOf } from '@midplane/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runInContext } from '../context/request-context.js';
import { UserError } from '../errors/errors.js';
import { newId } from '../persistence/ids.js';
import { ContextToken } from '../rpc/context-token.js';
import { RpcServer } from '../rpc/rpc-server.js';
import { ServiceRegistry } from '../rpc/service-registry.js';
import { createLogger } from './logger.js';
import { registry as metrics } from './metrics.js';
import { span, startTracing } from './tracing.js';

interface SentSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  status: { code?: number };
  attributes: { key: string; value: { stringValue?: string } }[];
  events: { name: string }[];
}

const traceId = 'abcdef0123456789abcdef0123456789';
const context = contextOf(
  { tenantId: newId(), userId: newId(), groupIds: [], roles: ['application'] },
  { traceId },
);
const servers: Server[] = [];
let sent: SentSpan[];
let flush: () => Promise<void>;

beforeEach(async () => {
  sent = [];
  // The protocol: https://opentelemetry.io/docs/specs/otlp/#otlphttp-request
  const endpoint = await listen(async (request, response) => {
    const body = (await json(request)) as { resourceSpans: { scopeSpans: { spans: SentSpan[] }[] }[] };
    expect(request.url).toBe('/v1/traces');
    sent.push(...body.resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans)));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  flush = await startTracing({ endpoint, service: 'test' });
});
afterEach(async () => {
  await flush();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const named = (name: string) => sent.find((one) => one.name === name)!;
const parentOf = (name: string) => sent.find((one) => one.spanId === named(name).parentSpanId)?.name;

it('puts the spans of a call, near and far, into its one trace', async () => {
  const token = new ContextToken(Buffer.alloc(32, 7));
  const registry = new ServiceRegistry({}, token);
  registry.serve('inference', {
    countTokens: () => span('count', { texts: 1 }, async () => ({ counts: [1], overhead: 2 })),
  } as never);
  const rpc = new RpcServer(registry, token, createLogger('silent', 'test'));
  const url = await listen((request, response) => rpc.handle(request, response));
  const far = new ServiceRegistry({ inference: url }, token).client('inference');

  await runInContext(context, () => span('question', {}, () => far.countTokens({ texts: ['a'] })));
  await flush();

  expect(new Set(sent.map((one) => one.traceId))).toEqual(new Set([traceId]));
  expect(named('question').parentSpanId ?? '').toBe('');
  expect(parentOf('inference.countTokens')).toBe('question');
  expect(parentOf('serve inference.countTokens')).toBe('inference.countTokens');
  expect(parentOf('count')).toBe('serve inference.countTokens');
  expect(await metrics.metrics()).toContain(
    'midplane_call_seconds_count{service="inference",call="countTokens",outcome="ok"} 1',
  );
});

describe.each(['near', 'far'])('the span of a streamed call, %s,', (where) => {
  /** What a reader does with the stream, and what the handler does after its second item. */
  async function read(reader: (stream: AsyncIterable<unknown>) => Promise<void>, last = async () => {}) {
    const token = new ContextToken(Buffer.alloc(32, 7));
    const registry = new ServiceRegistry({}, token);
    registry.serve('sessions', {
      ask: async function* () {
        try {
          yield { type: 'token', text: 'a' };
          yield { type: 'token', text: 'b' };
          await span('write', {}, last);
        } finally {
          await span('close', {}, async () => {});
        }
      },
    } as never);
    const rpc = new RpcServer(registry, token, createLogger('silent', 'test'));
    const url = await listen((request, response) => rpc.handle(request, response));
    const clients = where === 'near' ? registry : new ServiceRegistry({ sessions: url }, token);
    await runInContext(context, async () => reader(await clients.client('sessions').ask({ question: '?' })));
    await flush();
  }
  const readAll = async (stream: AsyncIterable<unknown>) => void (await Array.fromAsync(stream));
  // Spans are sent in the order in which they end; their times are of two clocks, which differ by parts of a millisecond.
  const ended = (name: string) => sent.indexOf(named(name));
  const caller = where === 'near' ? 'sessions.ask' : 'serve sessions.ask';

  it('ends with the stream, and holds what the stream does', async () => {
    await read(readAll);
    expect(parentOf('write')).toBe(caller);
    expect(ended('sessions.ask')).toBeGreaterThan(ended('write'));
    expect(ended(caller)).toBeGreaterThan(ended('close'));
    expect(sent.filter(({ name }) => name === 'sessions.ask')).toHaveLength(1);
  });

  it('ends where its reader leaves', async () => {
    await read(async (stream) => {
      for await (const _ of stream) break;
    });
    expect(sent.map(({ name }) => name)).toEqual(expect.arrayContaining(['sessions.ask', 'close']));
    expect(named('sessions.ask').status.code ?? 0).toBe(0);
  });

  it('notes how the stream failed', async () => {
    const fail = async () => {
      throw new UserError('NO_TEXT');
    };
    await expect(read(readAll, fail)).rejects.toMatchObject({ code: 'NO_TEXT' });
    await flush();
    expect(named('sessions.ask').attributes).toContainEqual({
      key: 'midplane.problem',
      value: { stringValue: 'NO_TEXT' },
    });
  });
});

it('notes an expected failure by its code, and a fault as an error', async () => {
  const expected = span('expected', {}, async () => {
    throw new UserError('NO_TEXT');
  });
  await expect(expected).rejects.toMatchObject({ code: 'NO_TEXT' });
  const fault = span('fault', {}, async () => {
    throw new Error('broken');
  });
  await expect(fault).rejects.toThrow('broken');
  await flush();
  expect(named('expected').attributes).toEqual([
    { key: 'midplane.problem', value: { stringValue: 'NO_TEXT' } },
  ]);
  expect(named('expected').status.code ?? 0).toBe(0);
  expect(named('fault').status.code).toBe(2);
  expect(named('fault').events).toMatchObject([{ name: 'exception' }]);
});

async function listen(
  handle: (...parameters: Parameters<RequestListener>) => Promise<void>,
): Promise<string> {
  const server = createServer((request, response) => void handle(request, response));
  servers.push(server);
  await new Promise<void>((up) => server.listen(0, '127.0.0.1', up));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
