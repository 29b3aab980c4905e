import type { Database, Query } from '@midplane/kernel';
import type { EntityManager } from 'typeorm';
import {
  type Demand,
  type LimitStore,
  type Refusal,
  RESERVATION_MS,
  type Settlement,
  type SpentBudget,
} from './limit-store.port.js';

const MINUTE_MS = 60_000;
/** Requests and tokens a minute are kept beside the periods of the budget. */
const RATES = '';

/** What is used of one limit by one subject, in one period or, for rates, now. */
interface State {
  limitId: string;
  subject: string;
  period: string;
  /** Spent and set aside. */
  micros: number;
  /** Null: full. */
  requests: number | null;
  tokens: number | null;
  /** Since the buckets were filled up. */
  ageMs: number;
  /** Whether its buckets have been filled up to now. */
  filled: boolean;
}

/** Calls that are admitted in one transaction at most. */
const BATCH = 200;

interface Waiting {
  callId: string;
  demands: Demand[];
  resolve(refusal: Refusal | undefined): void;
  reject(error: unknown): void;
}

/**
 * Counts in Postgres, the rows locked in one order. Calls of one tenant that come while a transaction runs share the
 * next one, so that many at once don't wait for each other's locks one by one.
 */
export class PostgresLimitStore implements LimitStore {
  private readonly waiting = new Map<string, Waiting[]>();

  constructor(private readonly database: Database) {}

  reserve(tenantId: string, callId: string, demands: Demand[]): Promise<Refusal | undefined> {
    return new Promise((resolve, reject) => {
      const entry = { callId, demands, resolve, reject };
      const queue = this.waiting.get(tenantId);
      if (queue) {
        queue.push(entry);
        return;
      }
      this.waiting.set(tenantId, [entry]);
      void this.work(tenantId);
    });
  }

  /** Admits a tenant's calls, batch after batch, until none waits. */
  private async work(tenantId: string): Promise<void> {
    const queue = this.waiting.get(tenantId)!;
    while (queue.length > 0) {
      const batch = queue.splice(0, BATCH);
      try {
        const refusals = await this.admit(tenantId, batch);
        for (const [i, { resolve }] of batch.entries()) resolve(refusals[i]);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.waiting.delete(tenantId);
  }

  private admit(tenantId: string, batch: Waiting[]): Promise<(Refusal | undefined)[]> {
    return this.database.tenantOf(tenantId, async (manager) => {
      const states = await lockStates(
        manager,
        tenantId,
        batch.flatMap(({ demands }) => demands),
      );
      const admitted: { callId: string; demand: Demand }[] = [];
      const refusals = batch.map(({ callId, demands }) => {
        const refusal = takeAll(states, demands);
        if (!refusal) admitted.push(...demands.map((demand) => ({ callId, demand })));
        return refusal;
      });
      await writeStates(manager, states);
      await addReservations(manager, tenantId, admitted);
      return refusals;
    });
  }

  settle(): void {
    // The ledger's transaction does it.
  }

  async share(): Promise<void> {
    // Nothing is kept from them.
  }

  async learn(): Promise<void> {
    // What the ledger wrote is what is read here.
  }

  async close(): Promise<void> {
    // It has nothing of its own.
  }
}

/** Makes the rows where they are missing, locks them, and reads them. */
async function lockStates(manager: EntityManager, tenantId: string, demands: Demand[]): Promise<State[]> {
  const keys = new Map(
    demands
      .flatMap(({ limit, subject, period }) => [
        ...(hasRates(limit) ? [{ limit_id: limit.id, subject, period: RATES }] : []),
        ...(limit.budgetMicros !== null ? [{ limit_id: limit.id, subject, period }] : []),
      ])
      .map((key) => [JSON.stringify(key), key]),
  );
  const wanted = 'jsonb_to_recordset($1::jsonb) as k(limit_id uuid, subject text, period text)';
  const json = JSON.stringify([...keys.values()]);
  const lock = async () =>
    (
      await manager.query<unknown[]>(
        `select from model_limit_state s join ${wanted} using (limit_id, subject, period)
         order by s.limit_id, s.subject, s.period for update of s`,
        [json],
      )
    ).length;
  if ((await lock()) < keys.size) {
    await manager.query(
      `insert into model_limit_state (tenant_id, limit_id, subject, period)
       select $2, l.id, k.subject, k.period from ${wanted} join model_limit l on l.id = k.limit_id
       order by k.limit_id, k.subject, k.period on conflict do nothing`,
      [json, tenantId],
    );
    await lock();
  }
  // A statement of its own: it sees what others had committed while this one waited for the locks.
  const rows = await manager.query<Record<string, string | number | null>[]>(
    `select s.limit_id, s.subject, s.period, s.requests_left, s.tokens_left,
            extract(epoch from clock_timestamp() - s.refilled_at)::float8 * 1000 as age_ms,
            s.spent_micros + (select coalesce(sum(r.micros), 0) from model_reservation r
             where r.limit_id = s.limit_id and r.subject = s.subject and r.period = s.period
               and r.expires_at > clock_timestamp()) as micros
     from model_limit_state s join ${wanted} using (limit_id, subject, period)`,
    [json],
  );
  return rows.map((row) => ({
    limitId: String(row.limit_id),
    subject: String(row.subject),
    period: String(row.period),
    micros: Number(row.micros),
    requests: row.requests_left as number | null,
    tokens: row.tokens_left as number | null,
    ageMs: Math.max(0, Number(row.age_ms)),
    filled: false,
  }));
}

const hasRates = (limit: Demand['limit']): boolean =>
  limit.requestsPerMinute !== null || limit.tokensPerMinute !== null;

/** Takes a call's demands from the states: all of them, or none. @returns what does not admit it */
function takeAll(states: State[], demands: Demand[]): Refusal | undefined {
  const of = ({ limit, subject }: Demand, period: string) =>
    states.find((each) => each.limitId === limit.id && each.subject === subject && each.period === period);
  for (const demand of demands) {
    const rates = of(demand, RATES);
    if (rates) fillUp(rates, demand);
    const refusal = rates && rateRefusal(rates, demand);
    if (refusal) return refusal;
    const budget = of(demand, demand.period);
    if (budget && budget.micros + demand.micros > demand.limit.budgetMicros!)
      return { kind: 'budget', demand };
  }
  for (const demand of demands) {
    const rates = of(demand, RATES);
    if (rates?.requests != null) rates.requests -= 1;
    if (rates?.tokens != null) rates.tokens -= demand.tokens;
    const budget = of(demand, demand.period);
    if (budget) budget.micros += demand.micros;
  }
  return undefined;
}

/** Buckets hold a minute's worth and fill up evenly. */
function fillUp(state: State, { limit }: Demand): void {
  if (state.filled) return;
  const full = (left: number | null, perMinute: number | null) =>
    perMinute === null
      ? null
      : Math.min(perMinute, (left ?? perMinute) + (state.ageMs * perMinute) / MINUTE_MS);
  state.requests = full(state.requests, limit.requestsPerMinute);
  state.tokens = full(state.tokens, limit.tokensPerMinute);
  state.filled = true;
}

function rateRefusal({ requests, tokens }: State, demand: Demand): Refusal | undefined {
  const { requestsPerMinute, tokensPerMinute } = demand.limit;
  if (requests !== null && requests < 1) {
    return { kind: 'requests', demand, waitMs: ((1 - requests) * MINUTE_MS) / requestsPerMinute! };
  }
  if (tokens === null) return undefined;
  // A call of more than a minute's worth is let through once the bucket is full, and leaves it in debt.
  const missing = Math.min(demand.tokens, tokensPerMinute!) - tokens;
  return missing > 0
    ? { kind: 'tokens', demand, waitMs: (missing * MINUTE_MS) / tokensPerMinute! }
    : undefined;
}

async function writeStates(manager: EntityManager, states: State[]): Promise<void> {
  const filled = states.filter((state) => state.filled);
  if (filled.length === 0) return;
  await manager.query(
    `update model_limit_state s
     set requests_left = k.requests, tokens_left = k.tokens, refilled_at = clock_timestamp()
     from jsonb_to_recordset($1::jsonb) as k("limitId" uuid, subject text, requests float8, tokens float8)
     where s.limit_id = k."limitId" and s.subject = k.subject and s.period = $2`,
    [JSON.stringify(filled), RATES],
  );
}

async function addReservations(
  manager: EntityManager,
  tenantId: string,
  admitted: { callId: string; demand: Demand }[],
): Promise<void> {
  const rows = admitted
    .filter(({ demand }) => demand.limit.budgetMicros !== null)
    .map(({ callId, demand: { limit, subject, period, micros } }) => ({
      call_id: callId,
      limit_id: limit.id,
      subject,
      period,
      micros,
    }));
  if (rows.length === 0) return;
  await manager.query(
    `insert into model_reservation (tenant_id, call_id, limit_id, subject, period, micros, expires_at)
     select $2, k.call_id, l.id, k.subject, k.period, k.micros,
            clock_timestamp() + $3 * interval '1 millisecond'
     from jsonb_to_recordset($1::jsonb)
       as k(call_id uuid, limit_id uuid, subject text, period text, micros bigint)
     join model_limit l on l.id = k.limit_id`,
    [JSON.stringify(rows), tenantId, RESERVATION_MS],
  );
}

const PAY = `
  with given_back as (
    update model_limit_state s set tokens_left = s.tokens_left + k.tokens
    from jsonb_to_recordset($3::jsonb) as k(limit_id uuid, subject text, tokens float8)
    where s.limit_id = k.limit_id and s.subject = k.subject and s.period = $4
  ), let_go as (
    delete from model_reservation where call_id = any($5)
  )
  insert into model_limit_state (tenant_id, limit_id, subject, period, spent_micros)
  select $2, l.id, k.subject, k.period, k.micros
  from jsonb_to_recordset($1::jsonb) as k(limit_id uuid, subject text, period text, micros bigint)
  join model_limit l on l.id = k.limit_id
  order by k.limit_id, k.subject, k.period
  on conflict (limit_id, subject, period)
    do update set spent_micros = model_limit_state.spent_micros + excluded.spent_micros
  returning limit_id, subject, period, spent_micros`;

/**
 * Pays for calls, in the transaction of their ledger rows: what was set aside is let go, what was spent is added.
 * @returns the statement, of which {@link spentOf} reads the rows
 */
export function paymentOf(tenantId: string, settlements: Settlement[]): Query {
  const budgets = new Map<string, { limit_id: string; subject: string; period: string; micros: number }>();
  const tokens = new Map<string, { limit_id: string; subject: string; tokens: number }>();
  for (const { demands, ...used } of settlements) {
    for (const { limit, subject, period, ...asked } of demands) {
      if (limit.budgetMicros !== null) {
        // Neither an id nor a period holds a space.
        const key = `${limit.id} ${period} ${subject}`;
        const budget = budgets.get(key);
        if (budget) budget.micros += used.micros;
        else budgets.set(key, { limit_id: limit.id, subject, period, micros: used.micros });
      }
      if (limit.tokensPerMinute !== null) {
        const key = `${limit.id} ${subject}`;
        const rest = asked.tokens - used.tokens;
        const bucket = tokens.get(key);
        if (bucket) bucket.tokens += rest;
        else tokens.set(key, { limit_id: limit.id, subject, tokens: rest });
      }
    }
  }
  const values = [
    JSON.stringify([...budgets.values()]),
    tenantId,
    JSON.stringify([...tokens.values()]),
    RATES,
    settlements.map(({ callId }) => callId),
  ];
  return { text: PAY, values };
}

/** @returns what is spent of each budget after a payment, from its rows */
export const spentOf = (rows: unknown[]): SpentBudget[] =>
  (rows as { limit_id: string; subject: string; period: string; spent_micros: string }[]).map((row) => ({
    limitId: row.limit_id,
    subject: row.subject,
    period: row.period,
    micros: Number(row.spent_micros),
  }));

/** @returns what is spent of a budget, 0 where nothing is */
export async function readSpent(
  manager: EntityManager,
  limitId: string,
  subject: string,
  period: string,
): Promise<number> {
  const rows = await manager.query<{ spent_micros: string }[]>(
    'select spent_micros from model_limit_state where limit_id = $1 and subject = $2 and period = $3',
    [limitId, subject, period],
  );
  return Number(rows[0]?.spent_micros ?? 0);
}
