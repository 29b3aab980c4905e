import { LinkedAbort } from './linked-abort.js';
import { currentContext, iterateInContext } from './request-context.js';

/**
 * A stream whose work stops when its reader goes away: by the request's signal, or by ending the iteration, even
 * while a next item is being waited for. Everything within runs under the caller's context with that signal.
 * @param make the stream, given the signal that its work should heed
 */
export function cancellable<T>(make: (signal: AbortSignal) => AsyncIterable<T>): AsyncGenerator<T, void> {
  const context = currentContext();
  const link = new LinkedAbort(context.signal);
  const inner = iterateInContext({ ...context, signal: link.signal }, () => make(link.signal));
  const leave = () => link.abort(() => new DOMException('The reader of the stream went away.', 'AbortError'));
  const outer: AsyncGenerator<T, void> = {
    next: async () => {
      try {
        const item = await inner.next();
        if (item.done) link.release();
        return item;
      } catch (error) {
        link.release();
        throw error;
      }
    },
    return: (value) => {
      leave();
      return inner.return(value);
    },
    throw: (error: unknown) => {
      leave();
      return inner.throw(error);
    },
    [Symbol.asyncIterator]: () => outer,
    [Symbol.asyncDispose]: async () => {
      await outer.return();
    },
  };
  return outer;
}
