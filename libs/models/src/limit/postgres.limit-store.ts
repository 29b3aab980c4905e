import type { Database } from '@midplane/kernel';
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

interface StateRow {
  limit_id: string;
  subject: string;
  period: string;
  spent_micros: string;
  requests_left: number | null;
  tokens_left: number | null;
  /** Since it was refilled. */
  age_ms: number;
  reserved_micros: string;
}

/** Counts in Postgres: one transaction for each call that has limits, its rows locked in one order. */
export class PostgresLimitStore implements LimitStore {
  constructor(private readonly database: Database) {}

  async reserve(tenantId: string, callId: string, demands: Demand[]): Promise<Refusal | undefined> {
    return this.database.tenantOf(tenantId, async (manager) => {
      const states = await lockStates(manager, tenantId, demands);
      const stateOf = ({ limit, subject }: Demand, period: string) =>
        states.find((row) => row.limit_id === limit.id && row.subject === subject && row.period === period);
      const rates: { demand: Demand; requests: number | null; tokens: number | null }[] = [];
      for (const demand of demands) {
        const rate = stateOf(demand, RATES);
        if (rate) {
          const filled = refill(rate, demand);
          if ('kind' in filled) return filled;
          rates.push({ demand, ...filled });
        }
        const budget = stateOf(demand, demand.period);
        const spent = Number(budget?.spent_micros ?? 0) + Number(budget?.reserved_micros ?? 0);
        if (budget && spent + demand.micros > demand.limit.budgetMicros!) return { kind: 'budget', demand };
      }
      for (const { demand, requests, tokens } of rates) {
        await manager.query(
          `update model_limit_state set requests_left = $4, tokens_left = $5, refilled_at = clock_timestamp()
           where limit_id = $1 and subject = $2 and period = $3`,
          [demand.limit.id, demand.subject, RATES, requests, tokens],
        );
      }
      for (const demand of demands.filter(({ limit }) => limit.budgetMicros !== null)) {
        await manager.query(
          `insert into model_reservation (tenant_id, call_id, limit_id, subject, period, micros, expires_at)
           values ($1, $2, $3, $4, $5, $6, clock_timestamp() + $7 * interval '1 millisecond')`,
          [tenantId, callId, demand.limit.id, demand.subject, demand.period, demand.micros, RESERVATION_MS],
        );
      }
      return undefined;
    });
  }

  async settle(): Promise<void> {
    // The ledger's transaction does it.
  }

  async learn(): Promise<void> {
    // What the ledger wrote is what is read here.
  }

  async close(): Promise<void> {
    // It has nothing of its own.
  }
}

/** Makes the rows where they are missing, and locks them. */
async function lockStates(manager: EntityManager, tenantId: string, demands: Demand[]): Promise<StateRow[]> {
  const keys = demands
    .flatMap(({ limit, subject, period }) => [
      ...(limit.requestsPerMinute !== null || limit.tokensPerMinute !== null
        ? [{ limit_id: limit.id, subject, period: RATES }]
        : []),
      ...(limit.budgetMicros !== null ? [{ limit_id: limit.id, subject, period }] : []),
    ])
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  const wanted = 'jsonb_to_recordset($1::jsonb) as k(limit_id uuid, subject text, period text)';
  const json = JSON.stringify(keys);
  await manager.query(
    `insert into model_limit_state (tenant_id, limit_id, subject, period)
     select $2, l.id, k.subject, k.period from ${wanted} join model_limit l on l.id = k.limit_id
     order by k.limit_id, k.subject, k.period on conflict do nothing`,
    [json, tenantId],
  );
  await manager.query(
    `select from model_limit_state s join ${wanted} using (limit_id, subject, period)
     order by s.limit_id, s.subject, s.period for update of s`,
    [json],
  );
  // A statement of its own: it sees what others had committed while this one waited for the locks.
  return manager.query<StateRow[]>(
    `select s.limit_id, s.subject, s.period, s.spent_micros, s.requests_left, s.tokens_left,
            extract(epoch from clock_timestamp() - s.refilled_at)::float8 * 1000 as age_ms,
            (select coalesce(sum(r.micros), 0) from model_reservation r
             where r.limit_id = s.limit_id and r.subject = s.subject and r.period = s.period
               and r.expires_at > clock_timestamp()) as reserved_micros
     from model_limit_state s join ${wanted} using (limit_id, subject, period)`,
    [json],
  );
}

/** @returns what is left after the call, or why it is not admitted */
function refill(row: StateRow, demand: Demand): { requests: number | null; tokens: number | null } | Refusal {
  const { requestsPerMinute, tokensPerMinute } = demand.limit;
  const left = (kept: number | null, perMinute: number) =>
    Math.min(perMinute, (kept ?? perMinute) + (Math.max(0, row.age_ms) * perMinute) / MINUTE_MS);
  let requests: number | null = null;
  let tokens: number | null = null;
  if (requestsPerMinute !== null) {
    requests = left(row.requests_left, requestsPerMinute) - 1;
    if (requests < 0)
      return { kind: 'requests', demand, waitMs: (-requests * MINUTE_MS) / requestsPerMinute };
  }
  if (tokensPerMinute !== null) {
    const filled = left(row.tokens_left, tokensPerMinute);
    // A call of more than a minute's worth is let through once the bucket is full, and leaves it in debt.
    const missing = Math.min(demand.tokens, tokensPerMinute) - filled;
    if (missing > 0) return { kind: 'tokens', demand, waitMs: (missing * MINUTE_MS) / tokensPerMinute };
    tokens = filled - demand.tokens;
  }
  return { requests, tokens };
}

/**
 * Pays for calls in the transaction of their ledger rows: what was set aside is let go, what was spent is added.
 * @returns what is spent of each budget now
 */
export async function payInPostgres(
  manager: EntityManager,
  tenantId: string,
  settlements: Settlement[],
): Promise<SpentBudget[]> {
  const budgets = new Map<string, { limit_id: string; subject: string; period: string; micros: number }>();
  const tokens = new Map<string, { limit_id: string; subject: string; tokens: number }>();
  for (const { demands, ...used } of settlements) {
    for (const { limit, subject, period, ...asked } of demands) {
      if (limit.budgetMicros !== null) {
        const key = JSON.stringify([limit.id, subject, period]);
        const sum = budgets.get(key) ?? { limit_id: limit.id, subject, period, micros: 0 };
        budgets.set(key, { ...sum, micros: sum.micros + used.micros });
      }
      if (limit.tokensPerMinute !== null) {
        const key = JSON.stringify([limit.id, subject]);
        const sum = tokens.get(key) ?? { limit_id: limit.id, subject, tokens: 0 };
        tokens.set(key, { ...sum, tokens: sum.tokens + asked.tokens - used.tokens });
      }
    }
  }
  if (tokens.size > 0) {
    await manager.query(
      `update model_limit_state s set tokens_left = s.tokens_left + k.tokens
       from jsonb_to_recordset($1::jsonb) as k(limit_id uuid, subject text, tokens float8)
       where s.limit_id = k.limit_id and s.subject = k.subject and s.period = $2`,
      [JSON.stringify([...tokens.values()]), RATES],
    );
  }
  if (budgets.size === 0) return [];
  const rows = await manager.query<
    { limit_id: string; subject: string; period: string; spent_micros: string }[]
  >(
    `insert into model_limit_state (tenant_id, limit_id, subject, period, spent_micros)
     select $2, l.id, k.subject, k.period, k.micros
     from jsonb_to_recordset($1::jsonb) as k(limit_id uuid, subject text, period text, micros bigint)
     join model_limit l on l.id = k.limit_id
     order by k.limit_id, k.subject, k.period
     on conflict (limit_id, subject, period)
       do update set spent_micros = model_limit_state.spent_micros + excluded.spent_micros
     returning limit_id, subject, period, spent_micros`,
    [JSON.stringify([...budgets.values()]), tenantId],
  );
  await manager.query('delete from model_reservation where call_id = any($1)', [
    settlements.map(({ callId }) => callId),
  ]);
  return rows.map((row) => ({
    limitId: row.limit_id,
    subject: row.subject,
    period: row.period,
    micros: Number(row.spent_micros),
  }));
}

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
