import { oc } from '@orpc/contract';
import { z } from 'zod';
import { Id } from '../ids.js';
import { Box, Metadata } from './knowledge.model.js';

export const SearchMode = z.enum(['HYBRID', 'LEXICAL', 'VECTOR']);
export type SearchMode = z.infer<typeof SearchMode>;
export const Fusion = z.enum(['SCORE', 'RRF']);
export type Fusion = z.infer<typeof Fusion>;

export const SearchInput = z.object({
  query: z.string(),
  knowledgeBaseIds: z.array(Id).min(1).max(50),
  topK: z.int().min(1).max(100).default(10),
  mode: SearchMode.default('HYBRID'),
  fusion: Fusion.default('SCORE'),
  rerank: z.boolean().optional(),
  minScore: z.number().optional(),
  filter: Metadata.optional(),
  /**
   * Whether a document, a date, a page or a heading that the question names limits the search: "on page 3 of the
   * employee handbook", 《差旅制度》第三章. What it did is in the result's `filters`.
   */
  namedFilters: z.boolean().default(true),
  /** Neighbouring chunks before and after each hit to give along, for an answer's context. */
  neighbours: z.int().min(0).max(3).default(0),
  /** Whether to give along how each hit's tokens meet the question's. */
  alignments: z.boolean().default(false),
});
export type SearchInput = z.input<typeof SearchInput>;

/** lexicalPart + vectorPart = fusedScore. Ranks are 1-based; null where the channel did not find it. */
export const HitTrace = z.object({
  lexicalRank: z.int().nullable(),
  lexicalScore: z.number().nullable(),
  lexicalPart: z.number(),
  vectorRank: z.int().nullable(),
  vectorScore: z.number().nullable(),
  vectorPart: z.number(),
  fusedScore: z.number(),
  rerankScore: z.number().nullable(),
});
export type HitTrace = z.infer<typeof HitTrace>;

/** How the tokens of a hit meet those of the question. */
export const TokenAlignment = z.object({
  /** UTF-16 offset in `text` at which each token begins, in order; -1 for those of the headings above it. */
  starts: z.array(z.int()),
  /** Base64 of the cosines in 127ths, a signed byte each: tokens of the question × tokens of the hit, row by row. */
  cosines: z.string(),
});
export type TokenAlignment = z.infer<typeof TokenAlignment>;

/** The tokens of a question, as those of hits are compared with them. */
export const QuestionTokens = z.object({
  /** UTF-16 offset in the question at which each token begins. */
  starts: z.array(z.int()),
  /** How much each of them says, the more the higher. */
  weights: z.array(z.number()),
});
export type QuestionTokens = z.infer<typeof QuestionTokens>;

/** A line of a hit: where it stands on paper, and [start, end) in UTF-16 units of the hit's text. */
export const HitLine = z.object({ page: z.int(), box: Box, start: z.int(), end: z.int() });
export type HitLine = z.infer<typeof HitLine>;

export const SearchHit = z.object({
  chunkId: Id,
  documentId: Id,
  documentTitle: z.string(),
  knowledgeBaseId: Id,
  text: z.string(),
  /** Text of the neighbouring chunks of the same document, in reading order, as far as asked for. */
  before: z.array(z.string()),
  after: z.array(z.string()),
  score: z.number(),
  page: z.int().nullable(),
  /** On `page`. */
  boxes: z.array(Box),
  /** On all its pages, where its source has a fixed layout. */
  lines: z.array(HitLine),
  headings: z.array(z.string()),
  /** [start, end) in UTF-16 code units of `text`. */
  highlights: z.array(z.tuple([z.int(), z.int()])),
  /** Of the lines on `page` that hold highlights. */
  highlightBoxes: z.array(Box),
  trace: HitTrace,
  alignment: TokenAlignment.optional(),
});
export type SearchHit = z.infer<typeof SearchHit>;

export const NamedFilterKind = z.enum(['DOCUMENT', 'DATE', 'PAGE', 'HEADING']);
export type NamedFilterKind = z.infer<typeof NamedFilterKind>;

/** What the question named, taken as a filter. */
export const NamedFilter = z.object({
  kind: NamedFilterKind,
  /** As the question writes it; a date as 2024 or 2024-03. */
  value: z.string(),
  /** The document that is meant; null for the other kinds. */
  documentId: Id.nullable(),
  /** True where nothing was found with it, so that it was left out. */
  dropped: z.boolean(),
});
export type NamedFilter = z.infer<typeof NamedFilter>;

export const SearchResult = z.object({
  hits: z.array(SearchHit),
  /** Filters that the question named, applied and dropped ones; empty where it named none, or they are switched off. */
  filters: z.array(NamedFilter),
  tookMs: z.number(),
  embeddingModel: z.string(),
  reranker: z.string().nullable(),
  /** Where alignments were asked for and the embedder gives states of tokens. */
  question: QuestionTokens.optional(),
  /** Share (0–1) of the question's weight in words that the best lexical hit holds. */
  coverage: z.number(),
  /** Cosine of the best vector hit; null where the vector channel was not asked. */
  bestCosine: z.number().nullable(),
});
export type SearchResult = z.infer<typeof SearchResult>;

export const retrievalContract = {
  /**
   * Throws INVALID_INPUT, KNOWLEDGE_BASE_NOT_FOUND, EMBEDDER_MISMATCH (the knowledge base's vectors were made by
   * an embedder that is not there now, or has changed), MODEL_UNAVAILABLE.
   */
  search: oc.input(SearchInput).output(SearchResult),
};
