import { expect, it } from 'vitest';
import { untilAborted } from './until-aborted.js';

/** Gives what is pushed; never ends by itself. */
function source() {
  const state = { closed: false, waiting: undefined as ((value: number) => void) | undefined };
  const items = (async function* () {
    try {
      for (;;) yield await new Promise<number>((resolve) => (state.waiting = resolve));
    } finally {
      state.closed = true;
    }
  })();
  return { items, state };
}

it('passes items on, and ends while it waits for one when the signal aborts', async () => {
  const { items, state } = source();
  const abort = new AbortController();
  const bounded = untilAborted(items, abort.signal);
  const first = bounded.next();
  state.waiting!(7);
  expect(await first).toEqual({ done: false, value: 7 });
  const second = bounded.next();
  abort.abort();
  expect(await second).toEqual({ done: true, value: undefined });
  expect(await bounded.next()).toEqual({ done: true, value: undefined });
});

it('closes the source when it is left', async () => {
  let closed = false;
  const items = (async function* () {
    try {
      yield 1;
      yield 2;
    } finally {
      closed = true;
    }
  })();
  for await (const item of untilAborted(items, new AbortController().signal)) {
    expect(item).toBe(1);
    break;
  }
  expect(closed).toBe(true);
});

it('fails as the source fails', async () => {
  const items = (async function* () {
    yield* [];
    throw new Error('the source failed');
  })();
  await expect(untilAborted(items, new AbortController().signal).next()).rejects.toThrow('the source failed');
});
