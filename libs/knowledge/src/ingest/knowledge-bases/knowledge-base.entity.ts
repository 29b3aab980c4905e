import type { Ranking } from '@midplane/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { EmbedderBinding } from '../../vector-space.js';

/** A set of documents that is searched together, bound to the embedder that its vectors were made with. */
@Entity('knowledge_base')
export class KnowledgeBaseEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'tenant_id' })
  tenantId!: string;

  @Column('text')
  name!: string;

  @Column('text')
  description!: string;

  @Column('text', { name: 'embedding_model' })
  embeddingModel!: string;

  @Column('text', { name: 'embedding_revision' })
  embeddingRevision!: string;

  @Column('int')
  dimension!: number;

  /** Documents that are not being erased, in whatever stage. */
  @Column('int', { name: 'document_count' })
  documentCount!: number;

  /** Chunks that can be found: those of the documents that are READY. */
  @Column('int', { name: 'chunk_count' })
  chunkCount!: number;

  /** Fitted to it and to its embedder; null: the defaults. */
  @Column('jsonb', { nullable: true })
  ranking!: Ranking | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  /** It is being erased, and is not there for anybody. */
  @Column('boolean')
  deleting!: boolean;
}

/** @returns the embedder that a knowledge base is bound to */
export function bindingOf(base: KnowledgeBaseEntity): EmbedderBinding {
  return { name: base.embeddingModel, revision: base.embeddingRevision, dimension: base.dimension };
}
