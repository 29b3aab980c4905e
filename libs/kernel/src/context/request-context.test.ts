import { expect, it } from 'vitest';
import { currentContext, iterateInContext, type RequestContext, runInContext } from './request-context.js';

const context = (traceId: string): RequestContext => ({
  principal: { tenantId: 't', userId: 'u', groupIds: [], roles: [] },
  traceId,
  locale: 'en',
  signal: new AbortController().signal,
});

it('refuses to run without a context', () => {
  expect(() => currentContext()).toThrow(/No request context/);
});

it('keeps the contexts of parallel calls apart', async () => {
  const seen = await Promise.all(
    ['a', 'b', 'c'].map((id) =>
      runInContext(context(id), async () => {
        await new Promise((turn) => setImmediate(turn));
        return currentContext().traceId;
      }),
    ),
  );
  expect(seen).toEqual(['a', 'b', 'c']);
});

it('runs a stream in its context, whoever pulls it, and ends it in that context', async () => {
  const seen: string[] = [];
  const stream = iterateInContext(context('stream'), async function* () {
    try {
      yield currentContext().traceId;
      await new Promise((turn) => setImmediate(turn));
      yield currentContext().traceId;
    } finally {
      seen.push(`closed in ${currentContext().traceId}`);
    }
  });
  for await (const id of stream) {
    seen.push(id);
    if (seen.length === 2) break;
  }
  expect(seen).toEqual(['stream', 'stream', 'closed in stream']);
});
