import { eventIterator, oc } from '@orpc/contract';
import { z } from 'zod';
import { Id, PageInput, pageOf } from '../ids.js';
import {
  DeletionView,
  DocumentStatus,
  DocumentView,
  KnowledgeBaseView,
  Metadata,
  Ranking,
} from './knowledge.model.js';

/** An upload whose bytes are in storage: where, and what was counted on the way. */
export const StoredFile = z.object({
  storageKey: z.string(),
  fileName: z.string(),
  sizeBytes: z.int().min(0),
  sha256: z.string().length(64),
});
export type StoredFile = z.infer<typeof StoredFile>;

export const ingestContract = {
  /** Throws KNOWLEDGE_BASE_NAME_TAKEN, MODEL_NOT_FOUND, INVALID_INPUT, FORBIDDEN. */
  createKnowledgeBase: oc
    .input(
      z.object({
        name: z.string(),
        description: z.string().default(''),
        embeddingModel: z.string().optional(),
      }),
    )
    .output(KnowledgeBaseView),
  knowledgeBases: oc.input(PageInput).output(pageOf(KnowledgeBaseView)),
  knowledgeBase: oc.input(z.object({ id: Id })).output(KnowledgeBaseView.nullable()),
  deleteKnowledgeBase: oc.input(z.object({ id: Id })).output(DeletionView),
  /** Moves a knowledge base to another embedder; searches use the old one until the new vectors are complete. */
  reembedKnowledgeBase: oc.input(z.object({ id: Id, embeddingModel: z.string() })).output(KnowledgeBaseView),
  /**
   * Gives a knowledge base ranking parameters of its own, from the next search on; null gives back the defaults.
   * Audited. Throws KNOWLEDGE_BASE_NOT_FOUND, FORBIDDEN.
   */
  setRanking: oc.input(z.object({ id: Id, ranking: Ranking.nullable() })).output(KnowledgeBaseView),
  /**
   * Takes over an upload. Bytes that the knowledge base already holds give the document it has, and the second
   * copy is removed. Throws KNOWLEDGE_BASE_NOT_FOUND, FORBIDDEN, INVALID_INPUT.
   */
  addDocument: oc
    .input(
      z.object({
        knowledgeBaseId: Id,
        file: StoredFile,
        title: z.string().optional(),
        readers: z.array(z.string()).default([]),
        metadata: Metadata.default({}),
      }),
    )
    .output(z.object({ document: DocumentView, created: z.boolean() })),
  documents: oc
    .input(PageInput.extend({ knowledgeBaseId: Id, status: DocumentStatus.optional() }))
    .output(pageOf(DocumentView)),
  document: oc.input(z.object({ id: Id })).output(DocumentView.nullable()),
  /** The documents of these ids that the caller may read, in any order: one call for a whole page of hits. */
  documentsByIds: oc.input(z.object({ ids: z.array(Id).max(200) })).output(z.array(DocumentView)),
  /** Starts a failed document again at the stage that failed; a document that did not fail is returned as it is. */
  retryDocument: oc.input(z.object({ id: Id })).output(DocumentView),
  /** Removes text, postings, vectors, files and answers made from it, and probes both channels. */
  deleteDocument: oc.input(z.object({ id: Id })).output(DeletionView),
  /** Each change of a document of the knowledge base, from now on, until the caller stops. */
  documentEvents: oc.input(z.object({ knowledgeBaseId: Id })).output(eventIterator(DocumentView)),
  /** Documents by stage, and the bytes of their originals, for what the caller may read. */
  status: oc.output(z.object({ documents: z.partialRecord(DocumentStatus, z.int()), storedBytes: z.int() })),
};
