import type { HitTrace } from '@midplane/contracts';

/** A fused candidate to be scored anew. */
export interface RerankCandidate {
  chunkId: string;
  text: string;
  trace: HitTrace;
}

export interface RerankRequest {
  query: string;
  /** Best first. */
  candidates: RerankCandidate[];
  /** The highest BM25 that any text could reach for the question: what makes a coverage of a lexical score. */
  reach: number;
  signal: AbortSignal;
}

/**
 * Scores candidates by reading question and passage together. The order of the hits, and their score, is the
 * reranker's. None by default: the module provides null.
 */
export interface Reranker {
  /** Name shown with the result. */
  readonly name: string;
  /** Candidates that it takes at most; the fused order decides which. */
  readonly limit: number;
  /** @returns a score for each candidate, in their order; the higher the better. @throws UserError MODEL_UNAVAILABLE */
  rerank(request: RerankRequest): Promise<number[]>;
}

/** Injection token of the reranker, null where there is none. */
export const RERANKER = Symbol('RERANKER');
