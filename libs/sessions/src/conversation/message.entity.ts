import type { AnswerView, MessageRole, Rating } from '@midplane/contracts';
import type { Locale } from '@midplane/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a message of the assistant holds beside its text; the label is made of the language when it is shown. */
export interface StoredAnswer
  extends
    Omit<AnswerView, 'id' | 'conversationId' | 'text' | 'label' | 'probability' | 'closest'>,
    Partial<Pick<AnswerView, 'probability' | 'closest'>> {
  language: Locale;
  /** A source was deleted, and what was made of it with it. */
  erased: boolean;
}

/** One turn's half: a question (USER) or an answer (ASSISTANT). */
@Entity('message')
export class MessageEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'tenant_id' })
  tenantId!: string;

  @Column('uuid', { name: 'conversation_id' })
  conversationId!: string;

  @Column('text')
  role!: MessageRole;

  @Column('text')
  text!: string;

  @Column('jsonb', { nullable: true })
  answer!: StoredAnswer | null;

  @Column('text', { nullable: true })
  rating!: Rating | null;

  @Column('text', { name: 'rating_comment', nullable: true })
  ratingComment!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
