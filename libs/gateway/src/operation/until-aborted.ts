/**
 * The items of a source until a signal aborts. An item that is being waited for is given up at once: a generator
 * that waits can't be ended from outside, so the source is told and not waited for.
 */
export function untilAborted<T>(source: AsyncIterator<T>, signal: AbortSignal): AsyncGenerator<T, void> {
  const end = { done: true as const, value: undefined };
  const closeSource = () => void Promise.resolve(source.return?.()).catch(() => undefined);
  const bounded: AsyncGenerator<T, void> = {
    next: () =>
      new Promise((resolve, reject) => {
        const stop = () => {
          closeSource();
          resolve(end);
        };
        if (signal.aborted) return stop();
        signal.addEventListener('abort', stop, { once: true });
        source
          .next()
          .then((item) => resolve(item.done ? end : item), reject)
          .finally(() => signal.removeEventListener('abort', stop));
      }),
    return: async () => {
      closeSource();
      return end;
    },
    throw: async (error: unknown) => {
      closeSource();
      throw error;
    },
    [Symbol.asyncIterator]: () => bounded,
    [Symbol.asyncDispose]: async () => closeSource(),
  };
  return bounded;
}
