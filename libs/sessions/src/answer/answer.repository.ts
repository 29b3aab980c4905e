import type { EntityManager } from 'typeorm';
import { MessageEntity } from '../conversation/message.entity.js';
import { AnswerManifestEntity } from './manifest.entity.js';
import { AnswerSourceEntity } from './source.entity.js';

/** A question, its answer, and what the answer was made from. */
export interface AnsweredQuestion {
  question: MessageEntity;
  answer: MessageEntity;
  manifest: AnswerManifestEntity;
  /** Documents that the answer, its manifest or its question may hold something of. */
  documentIds: string[];
}

/** An answer that has to do with a deleted document. */
export interface TouchedAnswer {
  message: MessageEntity;
  manifest: AnswerManifestEntity;
}

/** Answers of the tenant of the transaction. */
export class AnswerRepository {
  async add(manager: EntityManager, answered: AnsweredQuestion): Promise<void> {
    const { question, answer, manifest, documentIds } = answered;
    await manager.insert(MessageEntity, [question, answer]);
    // TypeORM's types can't follow a manifest, whose provenance is open.
    await manager.query(
      'insert into answer_manifest (id, tenant_id, message_id, manifest) values ($1, $2, $3, $4)',
      [manifest.id, manifest.tenantId, manifest.messageId, manifest.manifest],
    );
    const { tenantId, id: messageId } = answer;
    if (documentIds.length > 0) {
      await manager.insert(
        AnswerSourceEntity,
        documentIds.map((documentId) => ({ tenantId, messageId, documentId })),
      );
    }
  }

  async message(manager: EntityManager, id: string): Promise<MessageEntity> {
    return manager.findOneByOrFail(MessageEntity, { id });
  }

  /** Takes a question and its answer away again, and their conversation where it holds nothing else. */
  async forget(manager: EntityManager, { question, answer }: AnsweredQuestion): Promise<void> {
    await manager.query('delete from message where id in ($1, $2)', [question.id, answer.id]);
    await manager.query(
      'delete from conversation c where c.id = $1 and not exists (select from message m where m.conversation_id = c.id)',
      [answer.conversationId],
    );
  }

  /** Answers that have to do with any of these documents, of all users, locked until the transaction ends. */
  async touchedBy(manager: EntityManager, documentIds: string[], limit: number): Promise<TouchedAnswer[]> {
    const ids = await manager.query<{ id: string }[]>(
      `select m.id from message m
       where m.id in (select s.message_id from answer_source s where s.document_id = any($1::uuid[]))
       order by m.id limit $2 for update`,
      [documentIds, limit],
    );
    const touched: TouchedAnswer[] = [];
    for (const { id } of ids) {
      const message = await manager.findOneByOrFail(MessageEntity, { id });
      touched.push({
        message,
        manifest: await manager.findOneByOrFail(AnswerManifestEntity, { messageId: id }),
      });
    }
    return touched;
  }

  /**
   * Replaces an answer and its manifest, and forgets sources of it.
   * @param documentIds the sources to forget; undefined: all of them
   */
  async reduce(
    manager: EntityManager,
    { message, manifest }: TouchedAnswer,
    documentIds?: string[],
  ): Promise<void> {
    await manager.query('update message set text = $2, answer = $3 where id = $1', [
      message.id,
      message.text,
      message.answer,
    ]);
    await manager.query('update answer_manifest set manifest = $2 where id = $1', [
      manifest.id,
      manifest.manifest,
    ]);
    await manager.query(
      'delete from answer_source where message_id = $1 and ($2::uuid[] is null or document_id = any($2))',
      [message.id, documentIds ?? null],
    );
  }

  /** How many answers still have to do with any of these documents. */
  async countTouchedBy(manager: EntityManager, documentIds: string[]): Promise<number> {
    const rows = await manager.query<{ count: number }[]>(
      `select count(distinct s.message_id)::int as count from answer_source s where s.document_id = any($1::uuid[])`,
      [documentIds],
    );
    return rows[0]!.count;
  }
}
