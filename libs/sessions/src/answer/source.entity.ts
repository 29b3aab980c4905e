import { Entity, PrimaryColumn, Column } from 'typeorm';

/** That an answer, its manifest or its question may hold something of a document. */
@Entity('answer_source')
export class AnswerSourceEntity {
  @Column('uuid', { name: 'tenant_id' })
  tenantId!: string;

  @PrimaryColumn('uuid', { name: 'message_id' })
  messageId!: string;

  @PrimaryColumn('uuid', { name: 'document_id' })
  documentId!: string;
}
