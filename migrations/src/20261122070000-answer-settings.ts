import type { MigrationInterface, QueryRunner } from 'typeorm';

/** From which probability on a tenant's questions are answered; a tenant without a row has the default. */
export class AnswerSettings20261122070000 implements MigrationInterface {
  name = 'AnswerSettings20261122070000';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`create table answer_setting (
      tenant_id uuid primary key references tenant,
      threshold real not null check (threshold between 0 and 1)
    )`);
    await q.query('alter table answer_setting enable row level security');
    await q.query('alter table answer_setting force row level security');
    await q.query(`create policy of_tenant on answer_setting to midplane_app
      using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
      with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)`);
    await q.query('grant select, insert, update, delete on answer_setting to midplane_app');
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('drop table answer_setting');
  }
}
