import type { Ranking } from '@midplane/contracts';
import { type EntityManager, MoreThan } from 'typeorm';
import type { EmbedderBinding } from '../../vector-space.js';
import { KnowledgeBaseEntity } from './knowledge-base.entity.js';

/**
 * Which lock on the row a transaction needs: `bound` keeps the binding to the embedder as it is, `counted` is for
 * changing the counts, `changed` for anything else. A transaction that locks a document too does so before: one
 * order for all, so that they can't wait for each other in a circle.
 */
export type KnowledgeBaseLock = keyof typeof LOCKS;

const LOCKS = {
  bound: 'pessimistic_read',
  counted: 'for_no_key_update',
  changed: 'pessimistic_write',
} as const;

/** Knowledge bases of the tenant of the transaction. Those being erased are not there. */
export class KnowledgeBaseRepository {
  /** @returns false where another one has the name */
  async add(manager: EntityManager, base: KnowledgeBaseEntity): Promise<boolean> {
    const { raw } = (await manager
      .createQueryBuilder()
      .insert()
      .into(KnowledgeBaseEntity)
      .values(base)
      .orIgnore()
      .returning('id')
      .execute()) as { raw: unknown[] };
    return raw.length > 0;
  }

  find(manager: EntityManager, id: string): Promise<KnowledgeBaseEntity | null> {
    return manager.findOneBy(KnowledgeBaseEntity, { id, deleting: false });
  }

  findLocked(
    manager: EntityManager,
    id: string,
    lock: KnowledgeBaseLock,
  ): Promise<KnowledgeBaseEntity | null> {
    return manager.findOne(KnowledgeBaseEntity, {
      where: { id, deleting: false },
      lock: { mode: LOCKS[lock] },
    });
  }

  /** @returns at most `limit` of them, in the order they were made, after the one of id `after` */
  list(manager: EntityManager, after: string | undefined, limit: number): Promise<KnowledgeBaseEntity[]> {
    return manager.find(KnowledgeBaseEntity, {
      where: { deleting: false, ...(after && { id: MoreThan(after) }) },
      order: { id: 'ASC' },
      take: limit,
    });
  }

  count(manager: EntityManager): Promise<number> {
    return manager.countBy(KnowledgeBaseEntity, { deleting: false });
  }

  /** Changes the counts by these numbers. */
  async addToCounts(
    manager: EntityManager,
    id: string,
    by: { documents: number; chunks: number },
  ): Promise<void> {
    await manager.query(
      `update knowledge_base
       set document_count = document_count + $2, chunk_count = chunk_count + $3 where id = $1`,
      [id, by.documents, by.chunks],
    );
  }

  /** What was fitted to the embedder before does not hold for another one. */
  async bind(manager: EntityManager, id: string, to: EmbedderBinding): Promise<void> {
    await manager.update(KnowledgeBaseEntity, id, {
      embeddingModel: to.name,
      embeddingRevision: to.revision,
      dimension: to.dimension,
      ranking: null,
    });
  }

  async rank(manager: EntityManager, id: string, ranking: Ranking | null): Promise<void> {
    await manager.update(KnowledgeBaseEntity, id, { ranking });
  }

  /** From now on it is there for nobody. Its name is free again. */
  async hide(manager: EntityManager, id: string): Promise<void> {
    await manager.update(KnowledgeBaseEntity, id, { deleting: true, documentCount: 0, chunkCount: 0 });
  }

  /** Removes one that is being erased, once its last document is gone. */
  async removeIfErased(manager: EntityManager, id: string): Promise<void> {
    await manager.query(
      `delete from knowledge_base b where id = $1 and deleting
         and not exists (select from document d where d.knowledge_base_id = b.id)`,
      [id],
    );
  }
}
