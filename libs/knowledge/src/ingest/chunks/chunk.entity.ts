import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { PlacedLine } from '../../chunk/index.js';

/** A passage of a document: what a search finds and an answer cites. */
@Entity('chunk')
export class ChunkEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'tenant_id' })
  tenantId!: string;

  @Column('uuid', { name: 'knowledge_base_id' })
  knowledgeBaseId!: string;

  @Column('uuid', { name: 'document_id' })
  documentId!: string;

  /** 0-based place in the document; its neighbours are at ordinal - 1 and + 1. */
  @Column('int')
  ordinal!: number;

  @Column('text')
  text!: string;

  /** From the highest to the nearest. */
  @Column('text', { array: true })
  headings!: string[];

  /** 1-based page on which it begins, where the source has pages. */
  @Column('int', { nullable: true })
  page!: number | null;

  /** A box for each of its lines, with the page that it is on. */
  @Column('jsonb')
  boxes!: PlacedLine[];

  /** As the embedder counted them when the chunk was made. */
  @Column('int')
  tokens!: number;
}
