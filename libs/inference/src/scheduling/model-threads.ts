import { askTwice, Thread, UserError } from '@midplane/kernel';
import type { Batching, Device } from '../models/device.js';
import { Scheduler, type Task, type Work } from './scheduler.js';

export interface ThreadsOptions {
  /** Worker threads, each with the model loaded. */
  workers: number;
  /** Threads that one inference uses. */
  threads: number;
  /** Texts of one urgency that may wait. */
  queueLimit: number;
  device: Device;
  batches: Batching;
}

/** Estimated tokens of a batch's own: an estimate errs on the high side, and what is too much runs as a batch of its own. */
const ESTIMATED = 1.3;

/**
 * What a thread takes at once, in estimated tokens. One text at a time: short ones are handed over together, and an
 * interactive one waits for at most about one passage. In batches: about as much as fills one, of all who wait where
 * they share.
 */
export function packetOf({
  tokens,
  waitMs,
}: Pick<Batching, 'tokens' | 'waitMs'>): Pick<Task<never, never, never>, 'packet' | 'gatherMs'> {
  return tokens === 0
    ? { packet: { items: 8, weight: 200 } }
    : { packet: { items: 1024, weight: tokens * ESTIMATED }, gatherMs: waitMs };
}

/** The worker threads of one local model behind one queue. None starts before the first text. */
export class ModelThreads<Message, Result> {
  readonly scheduler: Scheduler<Thread<Message, Result>>;
  readonly #model: string;
  readonly #threads: Thread<Message, Result>[];
  #closing = false;

  /**
   * @param model how problems name the model
   * @param moduleUrl `import.meta.url` of the module beside the worker's
   * @param worker the worker's name, as {@link Thread} takes it
   * @param data what the worker is started with
   */
  constructor(
    model: string,
    moduleUrl: string,
    worker: string,
    data: unknown,
    { workers, queueLimit }: ThreadsOptions,
  ) {
    this.#model = model;
    this.#threads = Array.from({ length: workers }, () => new Thread(moduleUrl, worker, data));
    this.scheduler = new Scheduler(this.#threads, queueLimit, model);
  }

  /** @returns and throws as the scheduler's `submit` */
  async submit<Item, Value>(work: Work<Thread<Message, Result>, Item, Value>): Promise<Value[]> {
    try {
      return await this.scheduler.submit(work);
    } finally {
      // Somebody who held this model while it was put away may have woken a thread again.
      if (this.#closing && this.scheduler.idle) await this.#end();
    }
  }

  /** @throws UserError MODEL_UNAVAILABLE where the work fails, or its thread dies twice */
  async ask(thread: Thread<Message, Result>, message: Message): Promise<Result> {
    try {
      return await askTwice(thread, message);
    } catch (error) {
      const reason = (error as Error).message;
      throw new UserError('MODEL_UNAVAILABLE', { model: this.#model, reason }, { cause: error });
    }
  }

  /** Lets what is queued finish, then frees threads and memory. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.scheduler.drained();
    await this.#end();
  }

  async #end(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}
