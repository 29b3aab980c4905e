/** Order of service: a person waits for `interactive`, a document's chunking for `counting`, ingest for `bulk`. */
export const PRIORITIES = ['interactive', 'counting', 'bulk'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** Thrown by {@link TextScheduler.submit} where the queue holds too much already. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
}

/** Texts to be worked on by whichever slot is free. */
export interface TextWork<Slot, Result> {
  texts: readonly string[];
  priority: Priority;
  /** What a slot takes at once: at most so many texts, and no further text once they have so many characters. */
  packet: { texts: number; characters: number };
  /** @returns a result for each text, in order. */
  run(slot: Slot, texts: readonly string[]): Promise<Result[]>;
  signal?: AbortSignal | undefined;
}

interface Request<Slot> {
  work: TextWork<Slot, unknown>;
  /** Index of the first text that no slot has taken. */
  next: number;
  unfinished: number;
  results: unknown[];
  settled: boolean;
  succeed(results: unknown[]): void;
  fail(error: unknown): void;
}

/**
 * Hands texts to a fixed number of slots (worker threads, connections) in small packets, so that an interactive
 * text waits for at most one packet of bulk. Requests of one priority take turns, so that a large document does
 * not hold up a small one.
 */
export class TextScheduler<Slot> {
  readonly #waiting: Record<Priority, Request<Slot>[]> = { interactive: [], counting: [], bulk: [] };
  readonly #queued: Record<Priority, number> = { interactive: 0, counting: 0, bulk: 0 };
  readonly #free: Slot[];
  readonly #limit: number;
  readonly #whenIdle: (() => void)[] = [];
  #inFlight = 0;

  /**
   * @param slots who does the work, each one packet at a time
   * @param limit texts of one priority that may wait; a request to an empty queue is always taken
   */
  constructor(slots: readonly Slot[], limit: number) {
    this.#free = [...slots];
    this.#limit = limit;
  }

  get queued(): Readonly<Record<Priority, number>> {
    return { ...this.#queued };
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get idle(): boolean {
    return this.#inFlight === 0 && PRIORITIES.every((priority) => this.#queued[priority] === 0);
  }

  /**
   * @returns the results of all texts, in order. Rejects with QueueFullError, with the first error of a packet, or
   *   with the signal's reason; the request's other texts then leave the queue
   */
  submit<Result>(work: TextWork<Slot, Result>): Promise<Result[]> {
    const { texts, priority, signal } = work;
    return new Promise<Result[]>((resolve, reject) => {
      signal?.throwIfAborted();
      if (texts.length === 0) return resolve([]);
      const waiting = this.#queued[priority];
      if (waiting > 0 && waiting + texts.length > this.#limit) {
        throw new QueueFullError(`${waiting} texts wait already; at most ${this.#limit} may.`);
      }
      const onAbort = (): void => request.fail(signal?.reason);
      const settle = (): void => {
        request.settled = true;
        signal?.removeEventListener('abort', onAbort);
        this.#withdraw(request);
      };
      const request: Request<Slot> = {
        work,
        next: 0,
        unfinished: texts.length,
        results: new Array<unknown>(texts.length),
        settled: false,
        succeed: (results) => {
          settle();
          resolve(results as Result[]);
        },
        fail: (error) => {
          if (request.settled) return;
          settle();
          reject(error as Error);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting[priority].push(request);
      this.#queued[priority] += texts.length;
      this.#dispatch();
    });
  }

  /** Resolves once nothing waits and nothing runs. */
  async drained(): Promise<void> {
    if (!this.idle) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  #dispatch(): void {
    while (this.#free.length > 0) {
      const request = this.#takeTurn();
      if (!request) break;
      void this.#serve(this.#free.pop() as Slot, request);
    }
    this.#tellIfIdle();
  }

  #tellIfIdle(): void {
    if (this.idle) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** The request whose turn it is, put back behind the others of its priority where it has texts left to take. */
  #takeTurn(): Request<Slot> | undefined {
    const priority = PRIORITIES.find((candidate) => this.#waiting[candidate].length > 0);
    return priority && this.#waiting[priority].shift();
  }

  async #serve(slot: Slot, request: Request<Slot>): Promise<void> {
    const { work } = request;
    const start = request.next;
    const texts = nextPacket(work, start);
    request.next += texts.length;
    this.#queued[work.priority] -= texts.length;
    this.#inFlight += texts.length;
    if (request.next < work.texts.length) this.#waiting[work.priority].push(request);
    try {
      const results = await work.run(slot, texts);
      if (!request.settled) {
        results.forEach((result, i) => (request.results[start + i] = result));
        request.unfinished -= texts.length;
        if (request.unfinished === 0) request.succeed(request.results);
      }
    } catch (error) {
      request.fail(error);
    } finally {
      this.#inFlight -= texts.length;
      this.#free.push(slot);
      this.#dispatch();
    }
  }

  #withdraw(request: Request<Slot>): void {
    const { priority, texts } = request.work;
    const queue = this.#waiting[priority];
    const at = queue.indexOf(request);
    if (at < 0) return;
    queue.splice(at, 1);
    this.#queued[priority] -= texts.length - request.next;
    this.#tellIfIdle();
  }
}

function nextPacket(work: TextWork<never, unknown>, start: number): readonly string[] {
  let end = start;
  let characters = 0;
  while (end < work.texts.length && end - start < work.packet.texts && characters < work.packet.characters) {
    characters += (work.texts[end] as string).length;
    end += 1;
  }
  return work.texts.slice(start, end);
}
