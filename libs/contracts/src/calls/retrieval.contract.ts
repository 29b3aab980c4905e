import { oc } from '@orpc/contract';
import { z } from 'zod';
import { Id } from '../ids.js';
import { MAX_RERANK_TEXTS } from './inference.contract.js';
import { Box, Metadata, Ranking } from './knowledge.model.js';

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
  /** What each of them counts, the more the higher. */
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

/** Most rated questions of one tuning. */
export const MOST_RATED_QUESTIONS = 500;
/** Fewest questions of a tuning whose right passage is among the candidates: half of them fit, half of them measure. */
export const LEAST_RATED_QUESTIONS = 20;

/** A question and what its right passage is known by: all that is given has to hold, and at least one that tells passages apart. */
export const RatedQuestion = z
  .object({
    question: z.string().trim().min(1).max(4000),
    chunkId: Id.optional(),
    documentId: Id.optional(),
    /** Whatever its case. */
    documentTitle: z.string().trim().min(1).max(500).optional(),
    /** A page that the passage is on, 1-based. */
    page: z.int().min(1).optional(),
    /** What the passage holds, whatever its case, width and spaces. */
    text: z.string().trim().min(1).max(2000).optional(),
  })
  .refine(({ chunkId, documentId, documentTitle, text }) => chunkId ?? documentId ?? documentTitle ?? text, {
    error: 'name the right passage by documentTitle, documentId, chunkId or text',
  });
export type RatedQuestion = z.infer<typeof RatedQuestion>;

export const TuneInput = z.object({
  knowledgeBaseId: Id,
  /** Left out: those that users asked the knowledge base, with answers that they rated up. */
  questions: z.array(RatedQuestion).min(1).max(MOST_RATED_QUESTIONS).optional(),
  /** Whether to rank by what was fitted from now on, where it is better on the questions held out. */
  apply: z.boolean().default(false),
});
export type TuneInput = z.input<typeof TuneInput>;

/** How well the right passages are found, over a set of questions. */
export const RankingMeasures = z.object({
  /** Shares of the questions whose right passage is the first hit, and among the first five. */
  recallAt1: z.number(),
  recallAt5: z.number(),
  /** Mean of 1 / rank of the first right passage. */
  mrr: z.number(),
});
export type RankingMeasures = z.infer<typeof RankingMeasures>;

export const TuningView = z.object({
  knowledgeBaseId: Id,
  /** Different questions that were given, or rated. */
  questions: z.int(),
  /** Of them those whose right passage is among the candidates; weights can do nothing for the others. */
  usable: z.int(),
  /** Of these, how many fitted the parameters, and how many measured them. */
  fittedOn: z.int(),
  heldOut: z.int(),
  /** Who reranks here; null where the fused order stands. */
  reranker: z.string().nullable(),
  current: Ranking,
  fitted: Ranking,
  /** On the questions held out, by `current` and by `fitted`. */
  before: RankingMeasures,
  after: RankingMeasures,
  /** Questions held out whose right passage is ranked higher, and lower, than before. */
  better: z.int(),
  worse: z.int(),
  /** Of the sign test, two-sided: how likely chance alone makes as great a difference. */
  pValue: z.number(),
  applied: z.boolean(),
});
export type TuningView = z.infer<typeof TuningView>;

export const retrievalContract = {
  /**
   * Throws INVALID_INPUT, KNOWLEDGE_BASE_NOT_FOUND, EMBEDDER_MISMATCH (the knowledge base's vectors were made by
   * an embedder that is not there now, or has changed), MODEL_UNAVAILABLE.
   */
  search: oc.input(SearchInput).output(SearchResult),
  /**
   * Fits the ranking of a knowledge base to rated questions, and measures it on others. Changes nothing unless told
   * to. Throws what `search` throws, RATED_QUESTIONS_TOO_FEW and FORBIDDEN.
   */
  tune: oc.input(TuneInput).output(TuningView),
  /**
   * Scores texts of no knowledge base by late interaction: how closely the tokens of each meet the query's, 0 to 1, in
   * the order of the texts. `by`, in its `revision`, is the embedder whose tokens they are. Throws MODEL_UNAVAILABLE,
   * MODEL_OVERLOADED, FORBIDDEN.
   */
  rerank: oc
    .input(z.object({ query: z.string(), texts: z.array(z.string()).min(1).max(MAX_RERANK_TEXTS) }))
    .output(z.object({ by: z.string(), revision: z.string(), scores: z.array(z.number().min(0).max(1)) })),
};
