import { Worker } from 'node:worker_threads';

/**
 * Run from source, Node strips a worker's types but takes the `.js` of its imports literally; this lets a sibling's
 * name lead to its source, and a library's to its own.
 */
const SOURCE_LOADER = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({
    resolve: (specifier, context, next) =>
      next(context.parentURL?.endsWith('.ts') ? specifier.replace(/^(\\.\\.?\\/.*)\\.js$/, '$1.ts') : specifier, context),
  });
`)}`;

/** Thrown where a thread ended with a request unanswered: it crashed, or was terminated. */
export class ThreadDiedError extends Error {
  override readonly name = 'ThreadDiedError';
}

/** What goes into a thread. */
export interface ThreadRequest<Message> {
  id: number;
  message: Message;
}

/** What comes out of it. */
export type ThreadReply<Result> = { id: number; result: Result } | { id: number; error: string };

/**
 * A worker thread that answers requests. It starts with the first request, and again with the next one after it
 * died, so a crash costs only the requests that it held.
 */
export class Thread<Message, Result> {
  readonly #name: string;
  readonly #folder: string;
  readonly #data: unknown;
  readonly #pending = new Map<number, { resolve(result: Result): void; reject(error: Error): void }>();
  #worker: Worker | undefined;
  #lastId = 0;

  /**
   * @param moduleUrl `import.meta.url` of the module beside the worker's; the worker is `<name>.worker.ts` where
   *   that one runs from source (Node strips the types, so it and its siblings use erasable syntax only), and
   *   `<name>.worker.js` where it is built
   * @param data read by the worker as `workerData`
   */
  constructor(moduleUrl: string, name: string, data: unknown) {
    this.#name = `${name}.worker.${moduleUrl.endsWith('.ts') ? 'ts' : 'js'}`;
    this.#folder = moduleUrl;
    this.#data = data;
  }

  /**
   * @param transfer buffers that the thread takes over
   * @throws ThreadDiedError; Error with the thread's own message where the work failed in it
   */
  request(message: Message, transfer: ArrayBuffer[] = []): Promise<Result> {
    const worker = (this.#worker ??= this.#start());
    const id = ++this.#lastId;
    worker.ref();
    return new Promise<Result>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      worker.postMessage({ id, message } satisfies ThreadRequest<Message>, transfer);
    });
  }

  /** Ends the thread and frees its memory. Unanswered requests reject with ThreadDiedError. */
  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(new URL(this.#name, this.#folder), {
      workerData: this.#data,
      // Not those of the parent: a debugger's port or a test runner's loader is not the worker's.
      execArgv: this.#name.endsWith('.ts')
        ? ['--conditions=@midplane/source', '--import', SOURCE_LOADER]
        : [],
    });
    worker.on('message', (reply: ThreadReply<Result>) => {
      const waiting = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      // An idle thread must not keep a finished command alive.
      if (this.#pending.size === 0) worker.unref();
      if ('error' in reply) waiting?.reject(new Error(reply.error));
      else waiting?.resolve(reply.result);
    });
    let cause: Error | undefined;
    worker.on('error', (error: Error) => (cause = error));
    worker.on('exit', (code) => {
      this.#worker = undefined;
      const why = cause ? cause.message : `exit code ${code}`;
      const died = new ThreadDiedError(`${this.#name} ended: ${why}`, { cause });
      for (const waiting of this.#pending.values()) waiting.reject(died);
      this.#pending.clear();
    });
    return worker;
  }
}

/** Asks once more, in a new thread, where the thread died: one crash is bad luck, two are the work itself. */
export function askTwice<Message, Result>(
  thread: Thread<Message, Result>,
  message: Message,
): Promise<Result> {
  return thread.request(message).catch((error: unknown) => {
    if (error instanceof ThreadDiedError) return thread.request(message);
    throw error;
  });
}
