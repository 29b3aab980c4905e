import type { EntityManager } from 'typeorm';
import type { LimitScope, ModelSupports, ProviderKind, RoutePlan } from '@midplane/contracts';
import type { Limit } from './catalog.js';

export interface ProviderRow {
  id: string;
  name: string;
  kind: ProviderKind;
  base_url: string;
  sealed_key: Buffer | null;
  key_hint: string | null;
}

export interface DeploymentRow {
  id: string;
  provider_id: string;
  name: string;
  version: string;
  upstream_name: string;
  supports: ModelSupports;
  context_tokens: number;
  max_output_tokens: number;
  prompt_price_micros: string;
  completion_price_micros: string;
  connect_timeout_ms: number;
  first_token_timeout_ms: number;
  token_timeout_ms: number;
}

export interface RouteRow {
  id: string;
  name: string;
  active_version: number;
  previous_version: number | null;
  activated_at: Date;
}

export interface RouteVersionRow {
  route_id: string;
  number: number;
  plan: RoutePlan;
  note: string;
  created_at: Date;
}

interface LimitRow {
  id: string;
  scope: LimitScope;
  subject: string;
  requests_per_minute: number | null;
  tokens_per_minute: number | null;
  budget_micros: string | null;
  budget_period: Limit['budgetPeriod'];
}

/** Everything that a tenant has configured, as its transaction sees it. */
export interface CatalogRows {
  providers: ProviderRow[];
  deployments: DeploymentRow[];
  routes: RouteRow[];
  versions: RouteVersionRow[];
  pins: { route_id: string; user_id: string; version: number }[];
  limits: Limit[];
}

/** Reads a tenant's models, routes and limits as a whole: they are few, and asked for with every call. */
export async function readCatalog(manager: EntityManager): Promise<CatalogRows> {
  const read = <T>(sql: string) => manager.query<T[]>(sql);
  return {
    providers: await read<ProviderRow>('select * from model_provider order by id'),
    deployments: await read<DeploymentRow>('select * from model_deployment order by id'),
    routes: await read<RouteRow>('select * from model_route order by id'),
    versions: await read<RouteVersionRow>(
      'select route_id, number, plan, note, created_at from model_route_version order by route_id, number',
    ),
    pins: await read('select route_id, user_id, version from model_route_pin'),
    limits: (await read<LimitRow>('select * from model_limit order by id')).map(limitOf),
  };
}

function limitOf(row: LimitRow): Limit {
  return {
    id: row.id,
    scope: row.scope,
    subject: row.subject,
    requestsPerMinute: row.requests_per_minute,
    tokensPerMinute: row.tokens_per_minute,
    budgetMicros: row.budget_micros === null ? null : Number(row.budget_micros),
    budgetPeriod: row.budget_period,
  };
}
