import { UserError } from '@midplane/kernel';

/** Order of service: a person waits for `interactive`, a document's chunking for `counting`, ingest for `bulk`. */
export const PRIORITIES = ['interactive', 'counting', 'bulk'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** What is done with items (texts, pictures). Requests of one and the same task may share packets. */
export interface Task<Slot, Item, Result> {
  /** What a slot takes at once: at most so many items, and no further item that would bring them above this weight. */
  packet: { items: number; weight: number };
  /**
   * How long a packet that is not full waits for items of other requests, in ms, before a free slot takes it.
   * Undefined: requests share no packets, and none waits.
   */
  gatherMs?: number | undefined;
  /** What an item costs, in any unit. */
  weigh(item: Item): number;
  /** @returns a result for each item, in order. */
  run(slot: Slot, items: readonly Item[]): Promise<Result[]>;
}

/** Items to be worked on by whichever slot is free. */
export interface Work<Slot, Item, Result> {
  task: Task<Slot, Item, Result>;
  items: readonly Item[];
  priority: Priority;
  signal?: AbortSignal | undefined;
}

interface Request<Slot> {
  work: Work<Slot, unknown, unknown>;
  /** When it came, in ms of the monotonic clock. */
  since: number;
  /** Index of the first item that no slot has taken. */
  next: number;
  unfinished: number;
  results: unknown[];
  settled: boolean;
  succeed(results: unknown[]): void;
  fail(error: unknown): void;
}

/** Items of one request that go into a packet. */
interface Part<Slot> {
  request: Request<Slot>;
  start: number;
  end: number;
}

/** What one slot takes at once. */
interface Packet<Slot> {
  parts: Part<Slot>[];
  full: boolean;
}

/**
 * Hands items to a fixed number of slots (worker threads, connections) in packets, so that an interactive item waits
 * for at most one packet of bulk. Requests of one priority take turns, so that a large document does not hold up a
 * small one; where their task wants that, they fill a packet together.
 */
export class Scheduler<Slot> {
  readonly #waiting: Record<Priority, Request<Slot>[]> = { interactive: [], counting: [], bulk: [] };
  readonly #queued: Record<Priority, number> = { interactive: 0, counting: 0, bulk: 0 };
  readonly #free: Slot[];
  readonly #limit: number;
  readonly #model: string;
  readonly #whenIdle: (() => void)[] = [];
  #inFlight = 0;
  #gathering: NodeJS.Timeout | undefined;

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
        since: performance.now(),
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
      const packet = this.#nextPacket();
      if (!packet) break;
      const wait = packet.full ? 0 : gatheringMs(packet);
      if (wait > 0) {
        this.#gathering ??= setTimeout(() => {
          this.#gathering = undefined;
          this.#dispatch();
        }, wait);
        break;
      }
      for (const part of packet.parts) this.#take(part);
      void this.#serve(this.#free.pop() as Slot, packet.parts);
    }
    this.#tellIfIdle();
  }

  #tellIfIdle(): void {
    if (this.idle) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** Looks at what a slot would take next, and takes nothing. */
  #nextPacket(): Packet<Slot> | undefined {
    const priority = PRIORITIES.find((candidate) => this.#waiting[candidate].length > 0);
    if (!priority) return undefined;
    const [first, ...others] = this.#waiting[priority] as [Request<Slot>, ...Request<Slot>[]];
    const { task } = first.work;
    const { packet, gatherMs } = task;
    const sharing = gatherMs === undefined ? [] : others.filter(({ work }) => work.task === task);
    const parts: Part<Slot>[] = [];
    let items = 0;
    let weight = 0;
    let full = false;
    for (const request of [first, ...sharing]) {
      const { items: own } = request.work;
      const start = request.next;
      let end = start;
      for (; end < own.length && !full; end += 1) {
        const heavier = weight + task.weigh(own[end]);
        if (items > 0 && heavier > packet.weight) break;
        items += 1;
        weight = heavier;
        full = items === packet.items || weight >= packet.weight;
      }
      full ||= end < own.length;
      if (end > start) parts.push({ request, start, end });
      if (full) break;
    }
    return { parts, full };
  }

  #take({ request, start, end }: Part<Slot>): void {
    const { priority, items } = request.work;
    const queue = this.#waiting[priority];
    queue.splice(queue.indexOf(request), 1);
    request.next = end;
    this.#queued[priority] -= end - start;
    this.#inFlight += end - start;
    // Behind the others of its priority: they take turns.
    if (end < items.length) queue.push(request);
  }

  async #serve(slot: Slot, parts: readonly Part<Slot>[]): Promise<void> {
    try {
      await this.#run(slot, parts).catch(async (error: unknown) => {
        // Which of several requests it was that can't be done is found out one by one: the others are not to blame.
        if (parts.length === 1) parts[0]?.request.fail(error);
        else for (const part of parts) await this.#run(slot, [part]).catch((own) => part.request.fail(own));
      });
    } finally {
      this.#inFlight -= parts.reduce((sum, { start, end }) => sum + end - start, 0);
      this.#free.push(slot);
      this.#dispatch();
    }
  }

  async #run(slot: Slot, parts: readonly Part<Slot>[]): Promise<void> {
    // A packet's parts are of one task.
    const [{ request: first }] = parts as [Part<Slot>];
    const items = parts.flatMap(({ request, start, end }) => request.work.items.slice(start, end));
    const results = await first.work.task.run(slot, items);
    let at = 0;
    for (const { request, start, end } of parts) {
      const own = results.slice(at, (at += end - start));
      if (request.settled) continue;
      own.forEach((result, i) => (request.results[start + i] = result));
      request.unfinished -= own.length;
      if (request.unfinished === 0) request.succeed(request.results);
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

/** How long a packet may still wait for more, in ms. */
function gatheringMs<Slot>({ parts }: Packet<Slot>): number {
  const [{ request }] = parts as [Part<Slot>];
  return request.since + (request.work.task.gatherMs ?? 0) - performance.now();
}

/** Weighs a text by its characters. */
export const characters = (text: string): number => text.length;
