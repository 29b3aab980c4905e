import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Dimensions of vectors that an index is kept for. */
const DIMENSIONS = [384, 512, 768, 1024, 1536, 2048, 3072];

/** As many vectors as can be indexed again during a start: more are left to `npx midplane index --build`. */
const FEW = 20_000;

/**
 * What a search of a narrow part needs: who reads which document, by reader, and graphs that find more of the nearest
 * vectors.
 *
 * `document.readers` decides who may read; an index over it can't be used, since the overlap of arrays is not
 * leakproof and so never runs before row-level security's own check. `document_reader` says the same in rows, which
 * are looked up by equality, and is kept by a trigger, so that nothing that writes documents can forget it.
 */
export class Width20261122121500 implements MigrationInterface {
  name = 'Width20261122121500';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`create table document_reader (
      tenant_id uuid not null references tenant,
      knowledge_base_id uuid not null,
      reader text not null,
      document_id uuid not null references document on delete cascade,
      primary key (tenant_id, knowledge_base_id, reader, document_id)
    )`);
    await q.query('create index document_reader_document on document_reader (document_id)');
    await q.query(
      `create index document_open on document (tenant_id, knowledge_base_id, id) where readers = '{}'`,
    );
    await q.query('alter table document_reader enable row level security');
    await q.query('alter table document_reader force row level security');
    await q.query(`create policy of_tenant on document_reader to midplane_app
      using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
      with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)`);
    await q.query('grant select, insert, update, delete on document_reader to midplane_app');
    await q.query(`create function keep_document_readers() returns trigger language plpgsql as $$
      begin
        if tg_op = 'UPDATE' then
          delete from document_reader where document_id = new.id;
        end if;
        insert into document_reader (tenant_id, knowledge_base_id, reader, document_id)
        select distinct new.tenant_id, new.knowledge_base_id, r, new.id from unnest(new.readers) r;
        return null;
      end $$`);
    await q.query(`create trigger document_readers_added after insert on document
      for each row when (new.readers <> '{}') execute function keep_document_readers()`);
    await q.query(`create trigger document_readers_changed after update of readers on document
      for each row when (new.readers is distinct from old.readers) execute function keep_document_readers()`);
    await q.query(`insert into document_reader (tenant_id, knowledge_base_id, reader, document_id)
      select distinct d.tenant_id, d.knowledge_base_id, r, d.id from document d cross join unnest(d.readers) r`);
    for (const dimension of DIMENSIONS) await this.rebuild(q, dimension, 'm = 16, ef_construction = 128');
  }

  async down(q: QueryRunner): Promise<void> {
    for (const dimension of DIMENSIONS) await this.rebuild(q, dimension, 'm = 16, ef_construction = 64');
    await q.query('drop trigger document_readers_added on document');
    await q.query('drop trigger document_readers_changed on document');
    await q.query('drop function keep_document_readers');
    await q.query('drop index document_open');
    await q.query('drop table document_reader');
  }

  /** Vectors of a dimension are indexed anew where they are few. */
  private async rebuild(q: QueryRunner, dimension: number, options: string): Promise<void> {
    const table = `chunk_vector_${dimension}`;
    const rows = (await q.query(
      `select count(*)::int as count from (select from ${table} limit ${FEW + 1}) v`,
    )) as { count: number }[];
    if (rows[0]!.count > FEW) return;
    await q.query(`drop index ${table}_hnsw`);
    await q.query(
      `create index ${table}_hnsw on ${table} using hnsw ((embedding::halfvec(${dimension})) halfvec_cosine_ops) with (${options})`,
    );
  }
}
