import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AnswerEvent } from '@midplane/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { currentContext, type RequestContext, runInContext } from '../context/request-context.js';
import { UserError } from '../errors/errors.js';
import { createLogger } from '../telemetry/logger.js';
import { ContextToken } from './context-token.js';
import { RpcServer } from './rpc-server.js';
import { ServiceRegistry } from './service-registry.js';

const KEY = Buffer.alloc(32, 7);
const ID = '018f3a4e-0000-7000-8000-000000000001';
const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.closeAllConnections() ?? server.close()));

const context = (changes: Partial<RequestContext> = {}): RequestContext => ({
  principal: { tenantId: ID, userId: ID, groupIds: ['g'], roles: ['application'] },
  traceId: 'trace-1',
  locale: 'zh',
  signal: new AbortController().signal,
  ...changes,
});

/** What the handlers below saw. */
interface Seen {
  context?: RequestContext;
  closed: Promise<void>;
}

function serveSessions(registry: ServiceRegistry): Seen {
  let close: () => void;
  const seen: Seen = { closed: new Promise((done) => (close = done)) };
  registry.serve('sessions', {
    conversation: async ({ id }) => {
      seen.context = currentContext();
      return { id, title: 'A', createdAt: new Date(0), updatedAt: new Date(1) };
    },
    conversations: async () => {
      throw new UserError('CONVERSATION_NOT_FOUND', { id: 'x' });
    },
    messages: async () => {
      throw new Error('the password is sesame');
    },
    rateMessage: () => new Promise(() => {}),
    ratedQuestions: async () => [],
    answerSettings: async () => ({ threshold: 0.5, isDefault: true }),
    setAnswerSettings: async () => ({ threshold: 0.5, isDefault: true }),
    eraseAnswersFrom: async () => ({ erased: 'many' as unknown as number, left: 0 }),
    ask: async function* (): AsyncGenerator<AnswerEvent> {
      try {
        for (let n = 0; n < 1000; n += 1) {
          yield { type: 'token', text: `${n} ${currentContext().traceId}` };
          await new Promise((turn) => setImmediate(turn));
          if (n === 3 && currentContext().locale === 'en') throw new UserError('UNAUTHENTICATED');
        }
      } finally {
        close();
      }
    } as never,
  });
  return seen;
}

async function near() {
  const registry = new ServiceRegistry({}, new ContextToken(KEY));
  return { client: registry.client('sessions'), seen: serveSessions(registry) };
}

async function far(clientKey = KEY) {
  const token = new ContextToken(KEY);
  const registry = new ServiceRegistry({}, token);
  const seen = serveSessions(registry);
  const rpc = new RpcServer(registry, token, createLogger('silent', 'test'));
  const server = createServer((request, response) => void rpc.handle(request, response));
  servers.push(server);
  await new Promise<void>((up) => server.listen(0, '127.0.0.1', up));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const remote = new ServiceRegistry({ sessions: url }, new ContextToken(clientKey));
  return { client: remote.client('sessions'), seen, server };
}

describe.each([
  ['in-process', near],
  ['over HTTP', far],
])('calls %s', (_, connect) => {
  it('carry input, output and context', async () => {
    const { client, seen } = await connect();
    const deadline = Date.now() + 60_000;
    const result = await runInContext(context({ deadline }), () => client.conversation({ id: ID }));
    expect(result).toEqual({ id: ID, title: 'A', createdAt: new Date(0), updatedAt: new Date(1) });
    expect(seen.context).toMatchObject({ ...context(), deadline, signal: expect.any(AbortSignal) });
  });

  it('give an expected failure back as what it was', async () => {
    const { client } = await connect();
    const call = runInContext(context(), () => client.conversations({}));
    await expect(call).rejects.toMatchObject({
      name: 'UserError',
      problem: { code: 'CONVERSATION_NOT_FOUND', params: { id: 'x' } },
    });
  });

  it('refuse input and output that break the contract', async () => {
    const { client } = await connect();
    await expect(runInContext(context(), () => client.conversation({ id: 'no' }))).rejects.toThrow();
    await expect(
      runInContext(context(), () => client.eraseAnswersFrom({ documentIds: [ID] })),
    ).rejects.toThrow();
  });

  it('stream in the context of the call, and end the stream where the caller stops', async () => {
    const { client, seen } = await connect();
    const tokens: string[] = [];
    await runInContext(context(), async () => {
      for await (const event of await client.ask({ question: '?' })) {
        if (event.type === 'token') tokens.push(event.text);
        if (tokens.length === 3) break;
      }
    });
    expect(tokens).toEqual(['0 trace-1', '1 trace-1', '2 trace-1']);
    await seen.closed;
  });

  it('carry an expected failure in the middle of a stream', async () => {
    const { client } = await connect();
    const tokens: string[] = [];
    const reading = runInContext(context({ locale: 'en' }), async () => {
      for await (const event of await client.ask({ question: '?' })) tokens.push(event.type);
    });
    await expect(reading).rejects.toMatchObject({ name: 'UserError', problem: { code: 'UNAUTHENTICATED' } });
    expect(tokens).toHaveLength(4);
  });
});

describe('calls over HTTP only', () => {
  it('tell nothing of an unexpected failure', async () => {
    const { client } = await far();
    const call = runInContext(context(), () => client.messages({ conversationId: ID }));
    await expect(call).rejects.not.toThrow(/sesame/);
  });

  it('are refused without the right master key', async () => {
    const { client, seen } = await far(Buffer.alloc(32, 8));
    await expect(runInContext(context(), () => client.conversation({ id: ID }))).rejects.toThrow();
    expect(seen.context).toBeUndefined();
  });

  it('end when the caller gives up', async () => {
    const { client } = await far();
    const gone = new AbortController();
    const call = runInContext(context({ signal: gone.signal }), () =>
      client.rateMessage({ messageId: ID, rating: 'UP' }),
    );
    gone.abort();
    await expect(call).rejects.toThrow();
  });

  it('name the service that is down', async () => {
    const { client, server } = await far();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    await expect(runInContext(context(), () => client.conversation({ id: ID }))).rejects.toMatchObject({
      problem: { code: 'SERVICE_UNAVAILABLE', params: { service: 'sessions' } },
    });
  });

  it('say where to set the address of a service that is nowhere', () => {
    const client = new ServiceRegistry({}, new ContextToken(KEY)).client('retrieval');
    const call = runInContext(context(), () => client.search({ query: 'x', knowledgeBaseIds: [ID] }));
    return expect(call).rejects.toThrow(/RETRIEVAL_URL/);
  });
});

describe('ContextToken', () => {
  it('opens nothing that was altered', () => {
    const token = new ContextToken(KEY);
    const sealed = token.seal(context());
    const [body, signature] = sealed.split('.') as [string, string];
    const forged = Buffer.from(
      Buffer.from(body, 'base64url').toString().replace('application', 'administrator'),
    ).toString('base64url');
    expect(token.open(sealed)?.principal.roles).toEqual(['application']);
    expect(token.open(`${forged}.${signature}`)).toBeUndefined();
    expect(token.open('nonsense')).toBeUndefined();
    expect(token.open(undefined)).toBeUndefined();
  });
});
