import { UserError } from '@midplane/kernel';

/** Order of service: a person waits for `interactive`, a document's chunking for `counting`, ingest for `bulk`. */
export const PRIORITIES = ['interactive', 'counting', 'bulk'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** Items (texts, pictures) to be worked on by whichever slot is free. */
export interface Work<Slot, Item, Result> {
  items: readonly Item[];
  priority: Priority;
  /** What a slot takes at once: at most so many items, and no further item once they have so much weight. */
  packet: { items: number; weight: number };
  /** What an item costs, in any unit: characters, for a text. */
  weigh(item: Item): number;
  /** @returns a result for each item, in order. */
  run(slot: Slot, items: readonly Item[]): Promise<Result[]>;
  signal?: AbortSignal | undefined;
}

interface Request<Slot> {
  work: Work<Slot, unknown, unknown>;
  /** Index of the first item that no slot has taken. */
  next: number;
  unfinished: number;
  results: unknown[];
  settled: boolean;
  succeed(results: unknown[]): void;
  fail(error: unknown): void;
}

/**
 * Hands items to a fixed number of slots (worker threads, connections) in small packets, so that an interactive
 * item waits for at most one packet of bulk. Requests of one priority take turns, so that a large document does
 * not hold up a small one.
 */
export class Scheduler<Slot> {
  readonly #waiting: Record<Priority, Request<Slot>[]> = { interactive: [], counting: [], bulk: [] };
  readonly #queued: Record<Priority, number> = { interactive: 0, counting: 0, bulk: 0 };
  readonly #free: Slot[];
  readonly #limit: number;
  readonly #model: string;
  readonly #whenIdle: (() => void)[] = [];
  #inFlight = 0;

  /**
   * @param slots who does the work, each one packet at a time
   * @param limit items of one priority that may wait; a request to an empty queue is always taken
   * @param model how MODEL_OVERLOADED names what the items wait for
   */
  constructor(slots: readonly Slot[], limit: number, model: string) {
    this.#free = [...slots];
    this.#limit = limit;
    this.#model = model;
  }

  /** Items that wait. */
  get queued(): Readonly<Record<Priority, number>> {
    return { ...this.#queued };
  }

  /** Items being worked on. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get idle(): boolean {
    return this.#inFlight === 0 && PRIORITIES.every((priority) => this.#queued[priority] === 0);
  }

  /**
   * @returns the results of all items, in order. Rejects with the first error of a packet or with the signal's
   *   reason; the request's other items then leave the queue
   * @throws UserError MODEL_OVERLOADED where too much waits already
   */
  submit<Item, Result>(work: Work<Slot, Item, Result>): Promise<Result[]> {
    const { items, priority, signal } = work;
    return new Promise<Result[]>((resolve, reject) => {
      signal?.throwIfAborted();
      if (items.length === 0) return resolve([]);
      const waiting = this.#queued[priority];
      if (waiting > 0 && waiting + items.length > this.#limit) {
        throw new UserError('MODEL_OVERLOADED', { model: this.#model });
      }
      const onAbort = (): void => request.fail(signal?.reason);
      const settle = (): void => {
        request.settled = true;
        signal?.removeEventListener('abort', onAbort);
        this.#withdraw(request);
      };
      const request: Request<Slot> = {
        // Its own items are all that `weigh` and `run` are ever given.
        work: work as unknown as Work<Slot, unknown, unknown>,
        next: 0,
        unfinished: items.length,
        results: new Array<unknown>(items.length),
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
      this.#queued[priority] += items.length;
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

  #takeTurn(): Request<Slot> | undefined {
    const priority = PRIORITIES.find((candidate) => this.#waiting[candidate].length > 0);
    return priority && this.#waiting[priority].shift();
  }

  async #serve(slot: Slot, request: Request<Slot>): Promise<void> {
    const { work } = request;
    const start = request.next;
    const items = nextPacket(work, start);
    request.next += items.length;
    this.#queued[work.priority] -= items.length;
    this.#inFlight += items.length;
    // Behind the others of its priority: they take turns.
    if (request.next < work.items.length) this.#waiting[work.priority].push(request);
    try {
      const results = await work.run(slot, items);
      if (!request.settled) {
        results.forEach((result, i) => (request.results[start + i] = result));
        request.unfinished -= items.length;
        if (request.unfinished === 0) request.succeed(request.results);
      }
    } catch (error) {
      request.fail(error);
    } finally {
      this.#inFlight -= items.length;
      this.#free.push(slot);
      this.#dispatch();
    }
  }

  #withdraw(request: Request<Slot>): void {
    const { priority, items } = request.work;
    const queue = this.#waiting[priority];
    const at = queue.indexOf(request);
    if (at < 0) return;
    queue.splice(at, 1);
    this.#queued[priority] -= items.length - request.next;
    this.#tellIfIdle();
  }
}

function nextPacket<Item>(work: Work<never, Item, unknown>, start: number): readonly Item[] {
  let end = start;
  let weight = 0;
  while (end < work.items.length && end - start < work.packet.items && weight < work.packet.weight) {
    weight += work.weigh(work.items[end] as Item);
    end += 1;
  }
  return work.items.slice(start, end);
}

/** Weighs a text by its characters. */
export const characters = (text: string): number => text.length;
