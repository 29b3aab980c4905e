import { expect, it } from 'vitest';
import { LinkedAbort } from './linked-abort.js';

it('aborts with the signal that it follows, for its reason', () => {
  const parent = new AbortController();
  const link = new LinkedAbort(parent.signal);
  parent.abort(new Error('gone'));
  expect(link.signal.reason).toMatchObject({ message: 'gone' });
  expect(new LinkedAbort(parent.signal).signal.aborted).toBe(true);
});

it('aborts by itself once, and leaves the other one alone', () => {
  const parent = new AbortController();
  const link = new LinkedAbort(parent.signal);
  link.abort(() => new Error('first'));
  link.abort(() => new Error('second'));
  expect(link.signal.reason).toMatchObject({ message: 'first' });
  expect(parent.signal.aborted).toBe(false);
});

it('does nothing any more when it is released', () => {
  const parent = new AbortController();
  const link = new LinkedAbort(parent.signal);
  link.release();
  link.abort(() => new Error('late'));
  parent.abort();
  expect(link.signal.aborted).toBe(false);
});
