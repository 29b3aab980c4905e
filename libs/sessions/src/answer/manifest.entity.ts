import type { Locale, NamedFilter } from '@midplane/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { StandaloneQuestion } from '../follow-up/completer.port.js';

/** A passage that an answer was made from: which one it was, and that it was just this text, but not the text. */
export interface ManifestPassage {
  number: number;
  chunkId: string;
  documentId: string;
  page: number | null;
  score: number;
  /** SHA-256 of the passage's text, hexadecimal. */
  sha256: string;
}

/** Pins what made an answer, so that it can be explained, and repeated from the same passages. */
export interface Manifest {
  version: 1;
  question: {
    asked: string;
    searched: string;
    by: StandaloneQuestion['by'];
    /** What was searched in its place, where it asks several things. */
    parts?: string[];
  };
  language: Locale;
  knowledgeBaseIds: string[];
  /** Null where nothing was searched. */
  retrieval: {
    topK: number;
    neighbours: number;
    embeddingModel: string;
    reranker: string | null;
    coverage: number;
    bestCosine: number | null;
    /** What the question named and was limited to; manifests of earlier versions have none. */
    filters?: NamedFilter[];
  } | null;
  passages: ManifestPassage[];
  answerer: { model: string; version: string } & Record<string, unknown>;
  checks: { number: number; supported: boolean; reason?: string }[];
  /** Documents whose words the answer's text may hold. */
  textDocumentIds: string[];
  /** Documents whose words the searched question may hold: it was completed from an earlier answer. */
  questionDocumentIds: string[];
  /** ISO time at which a source was deleted and this was reduced to what is not the source's. */
  erasedAt?: string;
}

/** The manifest of one answer. */
@Entity('answer_manifest')
export class AnswerManifestEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'tenant_id' })
  tenantId!: string;

  @Column('uuid', { name: 'message_id' })
  messageId!: string;

  @Column('jsonb')
  manifest!: Manifest;
}
