import type { DocumentFailure, DocumentStatus } from '@midplane/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A file of a knowledge base on its way through the stages, or ready to be searched. */
@Entity('document')
export class DocumentEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'tenant_id' })
  tenantId!: string;

  @Column('uuid', { name: 'knowledge_base_id' })
  knowledgeBaseId!: string;

  @Column('text')
  title!: string;

  @Column('text', { name: 'file_name' })
  fileName!: string;

  /** `application/octet-stream` until the parse has told it from the bytes. */
  @Column('text', { name: 'mime_type' })
  mimeType!: string;

  @Column('bigint', { name: 'size_bytes', transformer: { to: String, from: Number } })
  sizeBytes!: number;

  @Column('text')
  sha256!: string;

  /** Where the original is. */
  @Column('text', { name: 'storage_key' })
  storageKey!: string;

  @Column('text')
  status!: DocumentStatus;

  /** 0–1 of the stage that `status` (or, of a failed document, `failure.stage`) names. */
  @Column('real', { name: 'stage_progress' })
  stageProgress!: number;

  @Column('jsonb', { nullable: true })
  failure!: DocumentFailure | null;

  @Column('int', { name: 'page_count', nullable: true })
  pageCount!: number | null;

  @Column('int', { name: 'chunk_count' })
  chunkCount!: number;

  /** Ids of users and groups; empty: everybody who may read the knowledge base. */
  @Column('text', { array: true })
  readers!: string[];

  @Column('jsonb')
  metadata!: object;

  @Column('uuid', { name: 'created_by' })
  createdBy!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
