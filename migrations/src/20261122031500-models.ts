import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables of the LLM gateway: providers and models, routes and their versions, limits, the ledger, cached answers. */

/** Tables whose rows belong to a tenant, in an order in which they can be dropped from the end. */
const TENANT_TABLES = [
  'model_provider',
  'model_deployment',
  'model_route',
  'model_route_version',
  'model_route_pin',
  'model_limit',
  'model_limit_state',
  'model_reservation',
  'model_call',
  'model_cache',
];

export class Models20261122031500 implements MigrationInterface {
  name = 'Models20261122031500';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`create table model_provider (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references tenant,
      name text not null,
      kind text not null,
      base_url text not null,
      sealed_key bytea,
      key_hint text,
      created_at timestamptz not null default now(),
      unique (tenant_id, name)
    )`);
    await q.query(`create table model_deployment (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references tenant,
      provider_id uuid not null references model_provider,
      name text not null,
      version text not null,
      kind text not null,
      upstream_name text not null,
      supports jsonb not null,
      context_tokens int not null,
      max_output_tokens int not null,
      prompt_price_micros bigint not null,
      completion_price_micros bigint not null,
      connect_timeout_ms int not null,
      first_token_timeout_ms int not null,
      token_timeout_ms int not null,
      created_at timestamptz not null default now(),
      unique (tenant_id, name, version)
    )`);
    await q.query('create index model_deployment_provider on model_deployment (provider_id)');
    await q.query(`create table model_route (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references tenant,
      name text not null,
      kind text not null,
      active_version int not null,
      previous_version int,
      activated_at timestamptz not null default now(),
      created_at timestamptz not null default now(),
      unique (tenant_id, name)
    )`);
    await q.query(`create table model_route_version (
      tenant_id uuid not null references tenant,
      route_id uuid not null references model_route on delete cascade,
      number int not null,
      plan jsonb not null,
      note text not null,
      created_by uuid not null,
      created_at timestamptz not null default now(),
      primary key (route_id, number)
    )`);
    await q.query(`create table model_route_pin (
      tenant_id uuid not null references tenant,
      route_id uuid not null references model_route on delete cascade,
      user_id uuid not null,
      version int not null,
      primary key (route_id, user_id)
    )`);

    await q.query(`create table model_limit (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references tenant,
      scope text not null check (scope in ('tenant', 'user', 'key', 'route')),
      subject text not null,
      requests_per_minute int,
      tokens_per_minute int,
      budget_micros bigint,
      budget_period text not null,
      created_at timestamptz not null default now(),
      unique (tenant_id, scope, subject)
    )`);
    // What has been used of a limit. One of "*" has a row for each subject; money is kept for each period.
    await q.query(`create table model_limit_state (
      tenant_id uuid not null references tenant,
      limit_id uuid not null references model_limit on delete cascade,
      subject text not null,
      period text not null,
      spent_micros bigint not null default 0,
      requests_left double precision,
      tokens_left double precision,
      refilled_at timestamptz not null default now(),
      primary key (limit_id, subject, period)
    )`);
    // Money that is set aside for a running call. What a killed process left behind lapses.
    await q.query(`create table model_reservation (
      tenant_id uuid not null references tenant,
      call_id uuid not null,
      limit_id uuid not null references model_limit on delete cascade,
      subject text not null,
      period text not null,
      micros bigint not null,
      expires_at timestamptz not null,
      primary key (limit_id, subject, period, call_id)
    )`);
    await q.query('create index model_reservation_call on model_reservation (call_id)');

    await q.query(`create table model_call (
      id uuid not null,
      tenant_id uuid not null references tenant,
      at timestamptz not null,
      user_id uuid not null,
      api_key_id uuid,
      trace_id text not null,
      kind text not null,
      asked_for text not null,
      route_id uuid,
      route text,
      route_version int,
      first_deployment_id uuid,
      first_answered boolean not null,
      canary boolean not null,
      shadow_of uuid,
      deployment_id uuid,
      model text,
      model_version text,
      provider text,
      outcome text not null,
      cache text not null,
      prompt_tokens int not null,
      completion_tokens int not null,
      usage_estimated boolean not null,
      cost_micros bigint not null,
      first_token_ms real,
      total_ms real not null,
      overhead_ms real not null,
      attempts int not null,
      restarts int not null,
      score real,
      agent_id uuid,
      knowledge_base_ids uuid[] not null default '{}',
      primary key (tenant_id, id, at)
    ) partition by range (at)`);
    await q.query('create table model_call_default partition of model_call default');
    await q.query('create index model_call_at on model_call (tenant_id, at)');
    await q.query(
      'create index model_call_route on model_call (route_id, route_version, at) where route_id is not null',
    );

    await q.query(`create table model_cache (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references tenant,
      key bytea not null,
      scope bytea not null,
      question text,
      embedding real[],
      result jsonb not null,
      document_ids uuid[] not null,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      unique (tenant_id, key)
    )`);
    await q.query('create index model_cache_scope on model_cache (tenant_id, scope, created_at)');
    await q.query('create index model_cache_documents on model_cache using gin (document_ids)');

    for (const table of TENANT_TABLES) {
      await q.query(`alter table ${table} enable row level security`);
      await q.query(`alter table ${table} force row level security`);
      await q.query(`create policy of_tenant on ${table} to midplane_app
        using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
        with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)`);
    }
    await q.query('alter table model_call_default enable row level security');
    await q.query('alter table model_call_default force row level security');
    await q.query(
      `grant select, insert, update, delete on ${TENANT_TABLES.filter((t) => t !== 'model_call').join(', ')} to midplane_app`,
    );
    // The ledger can be added to; of what stands there only the score comes later.
    await q.query('grant select, insert, update (score) on model_call to midplane_app');
  }

  async down(q: QueryRunner): Promise<void> {
    for (const table of [...TENANT_TABLES].reverse()) await q.query(`drop table ${table} cascade`);
  }
}
