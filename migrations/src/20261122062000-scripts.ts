import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Whether a chunk is written in Han characters, each of which counts as the four letters of a word (`shareOfHan`): what
 * is in the other script than a question is searched for beside what is in its own.
 */
export class Scripts20261122062000 implements MigrationInterface {
  name = 'Scripts20261122062000';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`alter table chunk add column han boolean not null generated always as (
      4 * length(regexp_replace(left(text, 2000), '[^\\u3005-\\u3007\\u3400-\\u9fff\\uf900-\\ufaff]', '', 'g'))
        >= greatest(1, length(regexp_replace(left(text, 2000), '[^A-Za-z\\u00c0-\\u1fff]', '', 'g')))
    ) stored`);
    await q.query('alter table chunk_vector add column han boolean not null default false');
    await q.query('update chunk_vector v set han = true from chunk c where c.id = v.chunk_id and c.han');
    await q.query('drop index chunk_vector_knowledge_base');
    await q.query(
      'create index chunk_vector_knowledge_base on chunk_vector (knowledge_base_id, embedding_model, han) include (tenant_id)',
    );
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('drop index chunk_vector_knowledge_base');
    await q.query(
      'create index chunk_vector_knowledge_base on chunk_vector (knowledge_base_id, embedding_model)',
    );
    await q.query('alter table chunk_vector drop column han');
    await q.query('alter table chunk drop column han');
  }
}
