import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables of who asks, jobs, audit, knowledge and conversations; each row of a tenant is bound to it by policy. */

const ROLES = ['midplane_app', 'midplane_authenticator', 'midplane_dispatcher'];

/** Tables whose rows belong to a tenant, in an order in which they can be dropped from the end. */
const TENANT_TABLES = [
  'app_user',
  'user_group',
  'group_member',
  'api_key',
  'audit_head',
  'audit_event',
  'job',
  'knowledge_base',
  'document',
  'chunk',
  'posting',
  'chunk_vector',
  'conversation',
  'message',
  'answer_source',
  'answer_manifest',
];

/** Dimensions of vectors that an index is kept for. HNSW over halfvec goes up to 4,000. */
const DIMENSIONS = [384, 512, 768, 1024, 1536, 2048, 3072];

export class Foundation20261121000000 implements MigrationInterface {
  name = 'Foundation20261121000000';

  async up(q: QueryRunner): Promise<void> {
    await q.query('create extension if not exists vector');
    await q.query('create extension if not exists pg_textsearch');
    for (const role of ROLES) {
      // Roles belong to the whole server: another database, or a start at the same moment, may have made them.
      await q.query(
        `do $$ begin create role ${role} nologin; exception when duplicate_object or unique_violation then null; end $$`,
      );
      await q.query(
        `do $$ begin execute 'grant ${role} to ' || quote_ident(current_user); exception when others then null; end $$`,
      );
    }

    await q.query(`create table tenant (
      id uuid primary key default uuidv7(),
      name text not null unique,
      created_at timestamptz not null default now()
    )`);

    await q.query(`create table app_user (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references tenant,
      name text not null,
      roles text[] not null default '{}',
      issuer text,
      subject text,
      created_at timestamptz not null default now(),
      disabled_at timestamptz,
      unique (tenant_id, issuer, subject)
    )`);
    await q.query(`create table user_group (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references tenant,
      name text not null,
      unique (tenant_id, name)
    )`);
    await q.query(`create table group_member (
      tenant_id uuid not null references tenant,
      group_id uuid not null references user_group on delete cascade,
      user_id uuid not null references app_user on delete cascade,
      primary key (group_id, user_id)
    )`);
    await q.query(`create table api_key (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references tenant,
      user_id uuid not null references app_user on delete cascade,
      name text not null,
      hash bytea not null unique,
      hint text not null,
      roles text[] not null,
      requests_per_minute int,
      created_at timestamptz not null default now(),
      expires_at timestamptz,
      revoked_at timestamptz
    )`);

    await q.query(`create table audit_head (
      tenant_id uuid primary key references tenant,
      sequence bigint not null,
      hash bytea not null
    )`);
    await q.query(`create table audit_event (
      id uuid not null default uuidv7(),
      tenant_id uuid not null references tenant,
      sequence bigint not null,
      at timestamptz not null,
      actor text not null,
      action text not null,
      subject text not null,
      decision text,
      trace_id text not null,
      detail jsonb,
      previous_hash bytea not null,
      hash bytea not null,
      primary key (tenant_id, sequence, at)
    ) partition by range (at)`);
    await q.query('create table audit_event_default partition of audit_event default');

    await q.query(`create table job (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references tenant,
      service text not null,
      name text not null,
      payload jsonb not null,
      context jsonb not null,
      dedupe_key text,
      status text not null default 'PENDING' check (status in ('PENDING', 'RUNNING', 'DONE', 'DEAD')),
      attempts int not null default 0,
      max_attempts int not null default 5,
      run_at timestamptz not null default now(),
      dispatched_at timestamptz,
      lease_owner uuid,
      lease_until timestamptz,
      last_error text,
      created_at timestamptz not null default now(),
      finished_at timestamptz
    )`);
    await q.query(
      `create unique index job_dedupe on job (tenant_id, dedupe_key) where status in ('PENDING', 'RUNNING')`,
    );
    await q.query(`create index job_due on job (service, run_at) where status = 'PENDING'`);
    await q.query(`create index job_leased on job (service, lease_until) where status = 'RUNNING'`);
    await q.query(`create index job_dead on job (tenant_id, finished_at) where status = 'DEAD'`);
    await q.query(`create index job_done on job (finished_at) where status = 'DONE'`);

    await q.query(`create table knowledge_base (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references tenant,
      name text not null,
      description text not null default '',
      embedding_model text not null,
      embedding_revision text not null,
      dimension int not null,
      document_count int not null default 0,
      chunk_count int not null default 0,
      created_at timestamptz not null default now(),
      deleting boolean not null default false
    )`);
    // What is being erased holds neither its name nor its content: both may be used again at once.
    await q.query(
      'create unique index knowledge_base_name on knowledge_base (tenant_id, name) where not deleting',
    );
    await q.query(`create table document (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references tenant,
      knowledge_base_id uuid not null references knowledge_base,
      title text not null,
      file_name text not null,
      mime_type text not null,
      size_bytes bigint not null,
      sha256 text not null,
      storage_key text not null,
      status text not null,
      stage_progress real not null default 0,
      failure jsonb,
      page_count int,
      chunk_count int not null default 0,
      readers text[] not null default '{}',
      metadata jsonb not null default '{}',
      created_by uuid not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`);
    await q.query(
      `create unique index document_content on document (knowledge_base_id, sha256) where status <> 'DELETING'`,
    );
    await q.query('create index document_list on document (knowledge_base_id, id)');
    await q.query('create index document_changed on document (knowledge_base_id, updated_at)');

    await q.query(`create table chunk (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references tenant,
      knowledge_base_id uuid not null references knowledge_base,
      document_id uuid not null references document,
      ordinal int not null,
      text text not null,
      headings text[] not null default '{}',
      page int,
      boxes jsonb not null default '[]',
      tokens int not null,
      unique (document_id, ordinal)
    )`);

    await q.query(`create table posting (
      chunk_id uuid primary key references chunk,
      tenant_id uuid not null references tenant,
      knowledge_base_id uuid not null,
      document_id uuid not null,
      words text not null
    )`);
    await q.query('create index posting_document on posting (document_id)');
    await q.query('create index posting_knowledge_base on posting (knowledge_base_id)');
    await q.query(`create index posting_words on posting using bm25 (words) with (text_config = 'simple')`);

    await q.query(`create table chunk_vector (
      chunk_id uuid not null references chunk,
      tenant_id uuid not null references tenant,
      knowledge_base_id uuid not null,
      document_id uuid not null,
      embedding_model text not null,
      dimension int not null,
      embedding halfvec not null,
      primary key (dimension, chunk_id, embedding_model)
    ) partition by list (dimension)`);
    for (const dimension of DIMENSIONS) {
      const table = `chunk_vector_${dimension}`;
      await q.query(`create table ${table} partition of chunk_vector for values in (${dimension})`);
      await q.query(
        `create index ${table}_hnsw on ${table} using hnsw ((embedding::halfvec(${dimension})) halfvec_cosine_ops) with (m = 16, ef_construction = 64)`,
      );
    }
    await q.query('create index chunk_vector_document on chunk_vector (document_id)');
    await q.query(
      'create index chunk_vector_knowledge_base on chunk_vector (knowledge_base_id, embedding_model)',
    );

    await q.query(`create table conversation (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references tenant,
      user_id uuid not null references app_user,
      title text not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`);
    await q.query('create index conversation_list on conversation (tenant_id, user_id, id)');
    await q.query(`create table message (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references tenant,
      conversation_id uuid not null references conversation on delete cascade,
      role text not null,
      text text not null,
      answer jsonb,
      rating text,
      rating_comment text,
      created_at timestamptz not null default now()
    )`);
    await q.query('create index message_list on message (conversation_id, id)');
    await q.query(`create table answer_source (
      tenant_id uuid not null references tenant,
      message_id uuid not null references message on delete cascade,
      document_id uuid not null,
      primary key (message_id, document_id)
    )`);
    await q.query('create index answer_source_document on answer_source (document_id)');
    await q.query(`create table answer_manifest (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references tenant,
      message_id uuid not null references message on delete cascade,
      manifest jsonb not null,
      created_at timestamptz not null default now()
    )`);

    await q.query('alter table tenant enable row level security');
    await q.query('alter table tenant force row level security');
    await q.query(`create policy of_tenant on tenant to midplane_app
      using (id = nullif(current_setting('app.tenant_id', true), '')::uuid)`);
    for (const table of TENANT_TABLES) {
      await q.query(`alter table ${table} enable row level security`);
      await q.query(`alter table ${table} force row level security`);
      await q.query(`create policy of_tenant on ${table} to midplane_app
        using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
        with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)`);
    }
    for (const partition of [...DIMENSIONS.map((d) => `chunk_vector_${d}`), 'audit_event_default']) {
      await q.query(`alter table ${partition} enable row level security`);
      await q.query(`alter table ${partition} force row level security`);
    }

    await q.query(
      'grant usage on schema public to midplane_app, midplane_authenticator, midplane_dispatcher',
    );
    await q.query(
      `grant select, insert, update, delete on ${TENANT_TABLES.filter((t) => t !== 'audit_event').join(', ')} to midplane_app`,
    );
    // The audit ledger can be added to and read, never changed.
    await q.query('grant select, insert on audit_event to midplane_app');
    await q.query('grant select, insert on tenant to midplane_app');

    for (const table of ['tenant', 'app_user', 'user_group', 'group_member', 'api_key']) {
      await q.query(
        `create policy of_authenticator on ${table} for select to midplane_authenticator using (true)`,
      );
    }
    await q.query(
      'grant select on tenant, app_user, user_group, group_member, api_key to midplane_authenticator',
    );
    await q.query('create policy of_dispatcher on job to midplane_dispatcher using (true) with check (true)');
    await q.query('grant select, update, delete on job to midplane_dispatcher');
  }

  async down(q: QueryRunner): Promise<void> {
    // The roles stay: they belong to the server, and other databases on it may use them.
    for (const table of [...TENANT_TABLES].reverse()) await q.query(`drop table ${table} cascade`);
    await q.query('drop table tenant');
    await q.query('drop extension pg_textsearch');
    await q.query('drop extension vector');
  }
}
