import type { QuestionStates, Ranking } from '@midplane/contracts';
import type { WordWeight } from '../candidates/lexical-weights.js';
import type { SearchScope } from '../candidates/queries.js';
import type { FusedHit } from '../fusion/fuse.js';
import type { Alignment } from './late-interaction/token-aligner.js';

/** A question as the embedder of all searched knowledge bases sees it. */
export interface QuestionEmbedded {
  /** Under which the embedder's vectors and states are kept. */
  space: string;
  dimension: number;
  /** Share of Han characters in its letters. */
  han: number;
  states: QuestionStates;
}

export interface RerankRequest {
  query: string;
  /** The question's words, each once. */
  words: readonly string[];
  /** What they weigh, those that the index has. */
  weights: readonly WordWeight[];
  scope: SearchScope;
  /** Best first. */
  candidates: FusedHit[];
  /** Null where the searched knowledge bases have several embedders, or one that gives no states of tokens. */
  question: QuestionEmbedded | null;
  /** The highest BM25 that any text could reach for the question: what makes a coverage of a lexical score. */
  reach: number;
  /** Of the searched knowledge bases. */
  ranking: Ranking;
  signal: AbortSignal;
}

/** A candidate, scored anew. */
export interface Reranked {
  /** The higher the better, 0–1. */
  score: number;
  /** How its tokens meet the question's, where the reranker has looked at that. */
  alignment?: Alignment;
}

/** What a reranker found. */
export interface Reranking {
  /** Who scored, shown with the result. */
  by: string;
  /** The candidates by their chunks' ids, without those that have gone since. */
  scored: Map<string, Reranked>;
}

/** Scores candidates by reading question and passage together. The order of the hits, and their score, is its own. */
export interface Reranker {
  /** Name for the log. */
  readonly name: string;
  /** Candidates that it takes at most; the fused order decides which. */
  readonly limit: number;
  /**
   * @returns null where it has nothing to go by, so that the fused order stands
   * @throws UserError MODEL_UNAVAILABLE
   */
  rerank(request: RerankRequest): Promise<Reranking | null>;
}

/** Injection token of the reranker. */
export const RERANKER = Symbol('RERANKER');
