import { z } from 'zod';
import { Id } from '../ids.js';

export const DocumentStatus = z.enum([
  'QUEUED',
  'PARSING',
  'CHUNKING',
  'EMBEDDING',
  'INDEXING',
  'READY',
  'FAILED',
  'DELETING',
]);
export type DocumentStatus = z.infer<typeof DocumentStatus>;

/** The stages that a document passes through, in order; each is one job. */
export const INGEST_STAGES = ['PARSING', 'CHUNKING', 'EMBEDDING', 'INDEXING'] as const;
export type IngestStage = (typeof INGEST_STAGES)[number];

/** [x, y, width, height] in points from the top left of the page. */
export const Box = z.tuple([z.number(), z.number(), z.number(), z.number()]);
export type Box = z.infer<typeof Box>;

/** Values of a document that a search can filter by: strings, numbers, booleans, or lists of them. */
export const Metadata = z.record(z.string().max(64), z.json());
export type Metadata = z.infer<typeof Metadata>;

/** How the hits of a knowledge base are ranked; fitted to it, it takes the place of the defaults. */
export const Ranking = z.object({
  /**
   * What a passage's coverage, its BM25 as a share of the highest that the question could reach, counts in the fused
   * score; its scaled cosine counts the rest to 1.
   */
  lexicalWeight: z.number().min(0).max(1),
  /** What coverage adds to the closeness of tokens when late interaction reranks. */
  coverage: z.number().min(0).max(4),
});
export type Ranking = z.infer<typeof Ranking>;

export const KnowledgeBaseView = z.object({
  id: Id,
  name: z.string(),
  description: z.string(),
  embeddingModel: z.string(),
  documentCount: z.int(),
  chunkCount: z.int(),
  createdAt: z.date(),
  /** Null: the defaults. */
  ranking: Ranking.nullable(),
});
export type KnowledgeBaseView = z.infer<typeof KnowledgeBaseView>;

export const DocumentFailure = z.object({
  stage: DocumentStatus,
  /** A code of PROBLEMS; its text says what a person can do. */
  code: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.number()])),
  retryable: z.boolean(),
});
export type DocumentFailure = z.infer<typeof DocumentFailure>;

export const DocumentView = z.object({
  id: Id,
  knowledgeBaseId: Id,
  title: z.string(),
  mimeType: z.string(),
  sizeBytes: z.int(),
  sha256: z.string(),
  status: DocumentStatus,
  progress: z.number().min(0).max(1),
  failure: DocumentFailure.nullable(),
  pageCount: z.int().nullable(),
  chunkCount: z.int(),
  readers: z.array(z.string()),
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type DocumentView = z.infer<typeof DocumentView>;

/** What an erasure removed, and whether the probes found nothing of it afterwards. */
export const DeletionView = z.object({
  id: Id,
  chunks: z.int(),
  verified: z.boolean(),
  auditEventId: Id,
});
export type DeletionView = z.infer<typeof DeletionView>;
