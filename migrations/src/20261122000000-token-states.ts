import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The states of the tokens of chunks, which late interaction compares with those of a question. */
export class TokenStates20261122000000 implements MigrationInterface {
  name = 'TokenStates20261122000000';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`create table chunk_state (
      tenant_id uuid not null references tenant,
      chunk_id uuid not null references chunk,
      embedding_model text not null,
      document_id uuid not null,
      states bytea not null,
      primary key (tenant_id, chunk_id, embedding_model)
    )`);
    // The codes are as dense as they get: another attempt at compressing them would only cost time.
    await q.query('alter table chunk_state alter column states set storage external');
    await q.query('create index chunk_state_document on chunk_state (document_id)');
    await q.query('create index chunk_state_chunk on chunk_state (chunk_id)');
    await q.query('alter table chunk_state enable row level security');
    await q.query('alter table chunk_state force row level security');
    await q.query(`create policy of_tenant on chunk_state to midplane_app
      using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
      with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)`);
    await q.query('grant select, insert, update, delete on chunk_state to midplane_app');
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('drop table chunk_state');
  }
}
