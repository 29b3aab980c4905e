import type { Rating } from '@midplane/contracts';
import { type EntityManager, LessThan, MoreThan } from 'typeorm';
import type { Manifest } from '../answer/manifest.entity.js';
import { ConversationEntity } from './conversation.entity.js';
import { MessageEntity, type StoredAnswer } from './message.entity.js';

/** A page to read: `first` entries after the one named. */
export interface PageOf {
  first: number;
  after?: string | undefined;
}

/** An answer of a conversation with what it was asked. */
export interface AnsweredTurn {
  messageId: string;
  text: string;
  answer: StoredAnswer;
  manifest: Manifest;
}

/** A question as it was searched, and the chunk that its answer cites first. */
export interface RatedQuestion {
  question: string;
  chunkId: string;
}

/** Conversations of one user within the tenant of the transaction. Every read names the user, but for `ratedUp`. */
export class ConversationRepository {
  async add(manager: EntityManager, conversation: ConversationEntity): Promise<void> {
    await manager.insert(ConversationEntity, conversation);
  }

  /** Newest first, one more than asked for where there is one. */
  async list(
    manager: EntityManager,
    userId: string,
    { first, after }: PageOf,
  ): Promise<ConversationEntity[]> {
    return manager.find(ConversationEntity, {
      where: { userId, ...(after ? { id: LessThan(after) } : {}) },
      order: { id: 'DESC' },
      take: first + 1,
    });
  }

  async count(manager: EntityManager, userId: string): Promise<number> {
    return manager.countBy(ConversationEntity, { userId });
  }

  async find(manager: EntityManager, id: string, userId: string): Promise<ConversationEntity | null> {
    return manager.findOneBy(ConversationEntity, { id, userId });
  }

  /** Moves the time of its last message on. @returns whether the conversation is still there */
  async touch(manager: EntityManager, id: string, userId: string, at: Date): Promise<boolean> {
    const { affected } = await manager.update(ConversationEntity, { id, userId }, { updatedAt: at });
    return affected === 1;
  }

  /** Oldest first, one more than asked for where there is one. The caller has found the conversation for its user. */
  async messages(
    manager: EntityManager,
    conversationId: string,
    { first, after }: PageOf,
  ): Promise<MessageEntity[]> {
    return manager.find(MessageEntity, {
      where: { conversationId, ...(after ? { id: MoreThan(after) } : {}) },
      order: { id: 'ASC' },
      take: first + 1,
    });
  }

  async countMessages(manager: EntityManager, conversationId: string): Promise<number> {
    return manager.countBy(MessageEntity, { conversationId });
  }

  /** The latest answers with what they were asked, oldest first. */
  async latestTurns(manager: EntityManager, conversationId: string, limit: number): Promise<AnsweredTurn[]> {
    const rows = await manager.query<AnsweredTurn[]>(
      `select m.id as "messageId", m.text, m.answer, a.manifest
       from message m join answer_manifest a on a.message_id = m.id
       where m.conversation_id = $1 and m.role = 'ASSISTANT'
       order by m.id desc limit $2`,
      [conversationId, limit],
    );
    return rows.reverse();
  }

  /**
   * The latest questions of all users that were asked a knowledge base, alone or among others, in one piece, whose answer was rated up and
   * cites what supports it. An erased answer tells nothing.
   */
  async ratedUp(manager: EntityManager, knowledgeBaseId: string, limit: number): Promise<RatedQuestion[]> {
    return manager.query<RatedQuestion[]>(
      `select r.question, r."chunkId"
       from (
         select distinct on (question, "chunkId") m.id, a.manifest #>> '{question,searched}' as question,
           m.answer #>> '{citations,0,chunkId}' as "chunkId"
         from message m join answer_manifest a on a.message_id = m.id
         where m.rating = 'UP' and m.role = 'ASSISTANT'
           and not (m.answer ->> 'erased')::boolean
           and (m.answer #>> '{citations,0,supported}')::boolean
           and a.manifest -> 'knowledgeBaseIds' @> jsonb_build_array($1::text)
           and a.manifest #> '{question,parts}' is null
         order by question, "chunkId", m.id desc
       ) r
       order by r.id desc limit $2`,
      [knowledgeBaseId, limit],
    );
  }

  /** @returns the rated message, or null where the user has no such message */
  async rate(
    manager: EntityManager,
    messageId: string,
    userId: string,
    rating: Rating,
    comment: string | undefined,
  ): Promise<MessageEntity | null> {
    await manager.query(
      `update message m set rating = $3, rating_comment = $4
       from conversation c
       where m.id = $1 and m.role = 'ASSISTANT' and c.id = m.conversation_id and c.user_id = $2`,
      [messageId, userId, rating, comment ?? null],
    );
    return manager
      .createQueryBuilder(MessageEntity, 'm')
      .innerJoin(ConversationEntity, 'c', 'c.id = m.conversationId and c.userId = :userId', { userId })
      .where('m.id = :messageId', { messageId })
      .getOne();
  }
}
