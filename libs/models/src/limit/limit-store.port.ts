import type { Limit } from '../catalog/catalog.js';

/** What a call asks of one limit. */
export interface Demand {
  limit: Limit;
  /** Whom it is counted on: the user, the key, the route, or '' for the tenant. */
  subject: string;
  /** Of the budget: `2026-11`, `2026-11-22` or `total`. */
  period: string;
  /** At most, prompt and answer together. */
  tokens: number;
  micros: number;
}

/** Which limit does not admit a call, and why. */
export type Refusal =
  { kind: 'requests' | 'tokens'; demand: Demand; waitMs: number } | { kind: 'budget'; demand: Demand };

/** A call whose demands were admitted, and what it took in the end. */
export interface Settlement {
  tenantId: string;
  callId: string;
  demands: Demand[];
  tokens: number;
  micros: number;
}

/** What of a budget is spent, as Postgres has it. */
export interface SpentBudget {
  limitId: string;
  subject: string;
  period: string;
  micros: number;
}

/**
 * Counts what limits admit. Money is set aside before a call, and paid after it. Which one serves: `RedisLimitStore`
 * where REDIS_URL is set, and while it is away, as otherwise, `PostgresLimitStore`.
 */
export interface LimitStore {
  /**
   * Takes all that a call may need from all of its limits in one step, or nothing.
   * @returns what did not admit it; undefined: all did
   */
  reserve(tenantId: string, callId: string, demands: Demand[]): Promise<Refusal | undefined>;
  /**
   * Gives back what a call did not need, before anything else of this process is reserved. Never throws. Postgres is told
   * by the ledger, in the transaction of its rows.
   */
  settle(settlement: Settlement): void;
  /** Tells other processes what calls of this one took that have been settled. The ledger asks for it before it writes. */
  share(tenantId: string): Promise<void>;
  /** Tells what has been spent by the ledger, which is the truth: a store that knows less is behind. */
  learn(tenantId: string, spent: SpentBudget[]): Promise<void>;
  close(): Promise<void>;
}

export const LIMIT_STORE = Symbol('LIMIT_STORE');

/** How long money stays set aside for a call of which nothing is heard: its process was killed. */
export const RESERVATION_MS = 600_000;
