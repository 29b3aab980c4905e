import type { UsageGroup, UsageRow } from '@midplane/contracts';
import type { Query } from '@midplane/kernel';
import type { EntityManager } from 'typeorm';
import type { CallRecord } from './call-record.js';

/** Types of the ledger's columns, by the fields that they hold. */
const TYPES: Record<keyof CallRecord, string> = {
  id: 'uuid',
  tenantId: 'uuid',
  at: 'timestamptz',
  userId: 'uuid',
  apiKeyId: 'uuid',
  traceId: 'text',
  kind: 'text',
  askedFor: 'text',
  routeId: 'uuid',
  route: 'text',
  routeVersion: 'int',
  firstDeploymentId: 'uuid',
  firstAnswered: 'boolean',
  canary: 'boolean',
  shadowOf: 'uuid',
  deploymentId: 'uuid',
  model: 'text',
  modelVersion: 'text',
  provider: 'text',
  outcome: 'text',
  cache: 'text',
  promptTokens: 'int',
  completionTokens: 'int',
  usageEstimated: 'boolean',
  costMicros: 'bigint',
  firstTokenMs: 'real',
  totalMs: 'real',
  overheadMs: 'real',
  attempts: 'int',
  restarts: 'int',
  agentId: 'uuid',
  knowledgeBaseIds: 'uuid[]',
};
const FIELDS = Object.keys(TYPES) as (keyof CallRecord)[];
const COLUMNS = FIELDS.map((field) => field.replace(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`));

/**
 * @returns the statement that adds rows to the ledger, at least one. What all of them have alike is said once, the rest
 *   as a list for each column: most of a row is that of its neighbours, and Postgres took twice as long for the rows as json
 */
export function additionOf(calls: readonly CallRecord[]): Query {
  const values: unknown[] = [];
  const lists: string[] = [];
  const columns = FIELDS.map((field) => {
    const type = TYPES[field];
    const common = commonOf(calls, field);
    if (common !== undefined) return `$${values.push(common)}::${type}`;
    lists.push(`$${values.push(calls.map((call) => textOf(call[field])))}::text[]`);
    return `c${lists.length}::${type}`;
  });
  const rows = lists.map((_, i) => `c${i + 1}`).join(', ');
  const source = lists.length > 0 ? `from unnest(${lists.join(', ')}) as c(${rows})` : '';
  return {
    text: `insert into model_call (${COLUMNS.join(', ')}) select ${columns.join(', ')} ${source}`,
    values,
  };
}

/** @returns what all rows have in a column, as text; undefined where it differs */
function commonOf(calls: readonly CallRecord[], field: keyof CallRecord): string | null | undefined {
  const { [field]: first } = calls[0]!;
  const text = textOf(first);
  return calls.every(({ [field]: value }) => value === first || textOf(value) === text) ? text : undefined;
}

/** As Postgres reads it. */
function textOf(value: CallRecord[keyof CallRecord]): string | null {
  if (value === null || typeof value === 'string') return value;
  if (value instanceof Date) return value.toISOString();
  return Array.isArray(value) ? `{${value.join(',')}}` : String(value);
}

/** What a row is counted under; null leaves it out. */
const KEYS: Record<UsageGroup, string> = {
  DAY: `to_char(at at time zone 'UTC', 'YYYY-MM-DD')`,
  USER: 'user_id::text',
  API_KEY: 'api_key_id::text',
  MODEL: 'model',
  ROUTE: 'route',
  AGENT: 'agent_id::text',
  KNOWLEDGE_BASE: 'base::text',
};

/** Sums up the ledger from `from` to before `to`. Copies for shadows count for their own model only. */
export async function readUsage(
  manager: EntityManager,
  from: Date,
  to: Date,
  groupBy: UsageGroup,
): Promise<UsageRow[]> {
  const rows = await manager.query<Record<string, string | number>[]>(
    `select ${KEYS[groupBy]} as key, count(*) as calls,
       sum(prompt_tokens) as prompt_tokens, sum(completion_tokens) as completion_tokens,
       sum(cost_micros) as cost_micros, count(*) filter (where cache in ('exact', 'semantic')) as cache_hits,
       coalesce(percentile_cont(0.5) within group (order by total_ms) filter (where outcome = 'ok'), 0) as p50_ms,
       coalesce(percentile_cont(0.95) within group (order by total_ms) filter (where outcome = 'ok'), 0) as p95_ms,
       count(*) filter (where outcome not in ('ok', 'cancelled')) as errors
     from model_call ${groupBy === 'KNOWLEDGE_BASE' ? 'cross join unnest(knowledge_base_ids) as base' : ''}
     where at >= $1 and at < $2 and ${KEYS[groupBy]} is not null
       ${groupBy === 'MODEL' ? '' : 'and shadow_of is null'}
     group by 1 order by ${groupBy === 'DAY' ? '1' : 'sum(cost_micros) desc, count(*) desc, 1'}
     limit 1000`,
    [from, to],
  );
  return rows.map((row) => ({
    key: String(row.key),
    calls: Number(row.calls),
    promptTokens: Number(row.prompt_tokens),
    completionTokens: Number(row.completion_tokens),
    costMicros: Number(row.cost_micros),
    cacheHits: Number(row.cache_hits),
    p50Ms: Number(row.p50_ms),
    p95Ms: Number(row.p95_ms),
    errors: Number(row.errors),
  }));
}

/** Notes how good an answer was. @returns its route, null where it had none; undefined where there is no such call */
export async function scoreCall(
  manager: EntityManager,
  callId: string,
  score: number,
): Promise<string | null | undefined> {
  const [rows] = (await manager.query('update model_call set score = $2 where id = $1 returning route_id', [
    callId,
    score,
  ])) as [{ route_id: string | null }[], number];
  return rows[0]?.route_id;
}

/** How the calls of one side of a canary went, since its version serves. */
export interface CanarySide {
  calls: number;
  errors: number;
  /** Median of those that answered. */
  medianMs: number | null;
  scored: number;
  meanScore: number | null;
}

/** Compares the canary of a route's version with its base, by who was chosen first. */
export async function readCanary(
  manager: EntityManager,
  routeId: string,
  version: number,
  since: Date,
): Promise<{ canary: CanarySide; base: CanarySide }> {
  const rows = await manager.query<
    {
      canary: boolean;
      calls: number;
      errors: number;
      median: number | null;
      scored: number;
      mean: number | null;
    }[]
  >(
    `select canary, count(*)::int as calls, count(*) filter (where not first_answered)::int as errors,
       percentile_cont(0.5) within group (order by total_ms) filter (where first_answered) as median,
       count(score)::int as scored, avg(score)::float8 as mean
     from model_call
     where route_id = $1 and route_version = $2 and at >= $3 and shadow_of is null
       and cache in ('off', 'miss') and outcome <> 'cancelled' and attempts > 0
     group by canary`,
    [routeId, version, since],
  );
  const side = (canary: boolean): CanarySide => {
    const row = rows.find((each) => each.canary === canary);
    return {
      calls: row?.calls ?? 0,
      errors: row?.errors ?? 0,
      medianMs: row?.median ?? null,
      scored: row?.scored ?? 0,
      meanScore: row?.mean ?? null,
    };
  };
  return { canary: side(true), base: side(false) };
}
