import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The ranking parameters that were fitted to a knowledge base; null where it has the defaults. */
export class Ranking20261122043000 implements MigrationInterface {
  name = 'Ranking20261122043000';

  async up(q: QueryRunner): Promise<void> {
    await q.query('alter table knowledge_base add column ranking jsonb');
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('alter table knowledge_base drop column ranking');
  }
}
