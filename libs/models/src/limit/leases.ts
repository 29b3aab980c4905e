import { newId } from '@midplane/kernel';
import type { Demand } from './limit-store.port.js';

/** Calls that a lease is for at most, and the fewest for which one is worth it. */
const MOST_CALLS = 256;
const FEWEST_CALLS = 4;
/** How long calls are counted for the size of the next lease, and a limit that is near is not asked again, in ms. */
const SPAN_MS = 1_000;
/**
 * Longest life of a lease, in ms: then what calls that still run hold is theirs, and the rest goes back. Longer than the
 * pauses of an application that is in use, so that the first call after one does not wait.
 */
const LIFE_MS = 10_000;
/** Kinds of calls whose frequency is remembered. */
const MOST_KINDS = 10_000;

/** A call that has drawn from a lease and is not settled yet, with the most that it may take. */
interface Drawn {
  id: string;
  tokens: number;
  micros: number;
}

/** What a store is told of a lease that ends. */
export interface Closing {
  tenantId: string;
  /** Under which it was set aside. */
  id: string;
  /** As it was set aside: the tokens and money of all its calls together. */
  demands: Demand[];
  /** Requests that were not made. */
  times: number;
  /** Calls that still run: what they hold is set aside under their own names from now on. */
  left: Drawn[];
  /** Tokens that were taken, by calls that have ended or still run. */
  tokens: number;
  /** Money that was spent by calls that have ended. */
  micros: number;
}

/** What a store is told of a lease that goes on. */
export interface Sharing {
  tenantId: string;
  id: string;
  /** With the money that is set aside until now. */
  demands: Demand[];
  /** Money that was spent since: so much less is set aside from now on. */
  micros: number;
}

export interface LeaseStore {
  /** Sets aside for `times` calls at once. Never throws. @returns whether so much was there, with much to spare */
  open(tenantId: string, leaseId: string, demands: Demand[], times: number): Promise<boolean>;
  share(sharing: Sharing): Promise<void>;
  close(closing: Closing): Promise<void>;
}

class Lease {
  readonly id = newId();
  private readonly since = performance.now();
  readonly running = new Map<string, Drawn>();
  requestsLeft: number;
  tokensLeft: number;
  microsLeft: number;
  /** By calls that have ended. */
  tokensTaken = 0;
  /** The same, as far as the store does not know. */
  microsSpent = 0;
  /** Calls draw from it. */
  current = true;
  /** Calls are settled in it; after its end each is settled for itself. */
  open = true;
  timer: NodeJS.Timeout | undefined;

  constructor(
    readonly tenantId: string,
    public demands: Demand[],
    private readonly times: number,
  ) {
    const [{ tokens, micros }] = demands as [Demand, ...Demand[]];
    this.requestsLeft = times;
    this.tokensLeft = tokens;
    this.microsLeft = micros;
  }

  /** Whether the next one should be opened, so that no call waits for it. */
  get worn(): boolean {
    return this.requestsLeft * 4 < this.times || performance.now() - this.since > LIFE_MS / 2;
  }

  draw(call: Drawn): boolean {
    if (!this.open || !this.current) return false;
    if (this.requestsLeft < 1 || this.tokensLeft < call.tokens || this.microsLeft < call.micros) return false;
    this.requestsLeft -= 1;
    this.tokensLeft -= call.tokens;
    this.microsLeft -= call.micros;
    this.running.set(call.id, call);
    return true;
  }
}

/** Calls that fall under the same limits. */
interface Kind {
  lease: Lease | undefined;
  opening: Promise<Lease | undefined> | undefined;
  /** Calls since, and in the span before. */
  since: number;
  calls: number;
  callsBefore: number;
  nearUntil: number;
}

/**
 * Where many calls come and much of every limit is left, sets aside for many at once what each may need at most, and
 * lets them draw from it here: one request to the store instead of two for each call.
 *
 * What calls draw was set aside by the store in one atomic step, so all processes together admit no more than without
 * leases. What a lease holds that nobody draws is missing to others, for ten seconds at most: it is never more than this
 * process needed in one, and a store gives it only where much more is free; near a limit each call asks for
 * itself.
 */
export class Leases {
  private readonly kinds = new Map<string, Kind>();
  private readonly calls = new Map<string, Lease>();
  private readonly leases = new Set<Lease>();

  constructor(private readonly store: LeaseStore) {}

  /** @returns whether the call is admitted by a lease; else it has to ask for itself */
  draw(tenantId: string, callId: string, demands: Demand[]): boolean | Promise<boolean> {
    const [{ tokens, micros }] = demands as [Demand, ...Demand[]];
    const call: Drawn = { id: callId, tokens, micros };
    const kind = this.kindOf(tenantId, demands);
    const { lease } = kind;
    const taken = lease !== undefined && this.take(lease, call);
    if (taken && !lease.worn) return true;
    const times = Math.min(MOST_CALLS, Math.max(kind.calls, kind.callsBefore));
    const mayOpen = times >= FEWEST_CALLS && performance.now() >= kind.nearUntil;
    if (mayOpen) kind.opening ??= this.open(tenantId, kind, demands, times);
    if (!taken) return kind.opening?.then((next) => next !== undefined && this.take(next, call)) ?? false;
    return true;
  }

  /** Settles a call that drew from a lease which is still open. @returns false: it has to be settled for itself */
  settle(callId: string, tokens: number, micros: number): boolean {
    const lease = this.calls.get(callId);
    if (!lease) return false;
    this.calls.delete(callId);
    const call = lease.running.get(callId)!;
    lease.running.delete(callId);
    lease.tokensTaken += tokens;
    lease.microsSpent += micros;
    lease.tokensLeft += call.tokens - tokens;
    lease.microsLeft += call.micros - micros;
    if (!lease.current && lease.running.size === 0) void this.end(lease);
    return true;
  }

  /** Tells the store what a tenant's calls have spent that drew from leases. */
  async share(tenantId: string): Promise<void> {
    const telling: Promise<void>[] = [];
    for (const lease of this.leases) {
      const { id, demands, microsSpent: micros } = lease;
      if (lease.tenantId !== tenantId || micros === 0) continue;
      lease.microsSpent = 0;
      lease.demands = demands.map((demand) => ({ ...demand, micros: demand.micros - micros }));
      telling.push(this.store.share({ tenantId, id, demands, micros }));
    }
    await Promise.all(telling);
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.leases].map((lease) => this.end(lease)));
  }

  /** Ends all leases without the store, which may have lost them; calls that run are settled each for itself. */
  forget(): void {
    for (const lease of this.leases) this.drop(lease);
  }

  private take(lease: Lease, call: Drawn): boolean {
    const taken = lease.draw(call);
    if (taken) this.calls.set(call.id, lease);
    return taken;
  }

  private async open(
    tenantId: string,
    kind: Kind,
    demands: Demand[],
    times: number,
  ): Promise<Lease | undefined> {
    const all = demands.map((demand) => ({
      ...demand,
      tokens: demand.tokens * times,
      micros: demand.micros * times,
    }));
    const lease = new Lease(tenantId, all, times);
    try {
      if (!(await this.store.open(tenantId, lease.id, all, times))) {
        kind.nearUntil = performance.now() + SPAN_MS;
        return undefined;
      }
      this.retire(kind);
      this.leases.add(lease);
      lease.timer = setTimeout(() => void this.end(lease), LIFE_MS);
      kind.lease = lease;
      return lease;
    } finally {
      kind.opening = undefined;
    }
  }

  /** Nobody draws from the lease any more; it ends when its calls have. */
  private retire(kind: Kind): void {
    const { lease } = kind;
    kind.lease = undefined;
    if (!lease) return;
    lease.current = false;
    if (lease.running.size === 0) void this.end(lease);
  }

  private async end(lease: Lease): Promise<void> {
    if (!lease.open) return;
    this.drop(lease);
    const left = [...lease.running.values()];
    const tokens = left.reduce((sum, call) => sum + call.tokens, lease.tokensTaken);
    const { tenantId, id, demands, requestsLeft: times, microsSpent: micros } = lease;
    await this.store.close({ tenantId, id, demands, times, left, tokens, micros });
  }

  private drop(lease: Lease): void {
    lease.open = false;
    clearTimeout(lease.timer);
    this.leases.delete(lease);
    for (const callId of lease.running.keys()) this.calls.delete(callId);
  }

  /** Counts the call in. */
  private kindOf(tenantId: string, demands: Demand[]): Kind {
    let key = tenantId;
    // A subject is an id or a route's name: neither holds a space.
    for (const { limit, subject, period } of demands) key += `\n${limit.id} ${period} ${subject}`;
    const now = performance.now();
    let kind = this.kinds.get(key);
    if (!kind) {
      if (this.kinds.size >= MOST_KINDS) this.kinds.clear();
      kind = { lease: undefined, opening: undefined, since: now, calls: 0, callsBefore: 0, nearUntil: 0 };
      this.kinds.set(key, kind);
    }
    if (now - kind.since > SPAN_MS) {
      kind.callsBefore = now - kind.since > 2 * SPAN_MS ? 0 : kind.calls;
      kind.calls = 0;
      kind.since = now;
    }
    kind.calls++;
    return kind;
  }
}
