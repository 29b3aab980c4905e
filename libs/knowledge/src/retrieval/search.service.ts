import {
  decodeQuestionStates,
  decodeVector,
  type NamedFilter,
  type SearchHit,
  type SearchInput as SearchRequest,
  SearchInput,
  type SearchResult,
  shareOfHan,
  type TokenAlignment,
} from '@midplane/contracts';
import {
  authorize,
  currentContext,
  invalidInput,
  LOGGER,
  type Logger,
  may,
  plainQuestion,
  readerIds,
  type ServiceClient,
  ServiceRegistry,
  UserError,
} from '@midplane/kernel';
import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { distinctWords } from '../lexical/index.js';
import { passageText } from '../passage-text.js';
import { type EmbedderBinding, vectorSpace } from '../vector-space.js';
import {
  type Candidate,
  CandidateRepository,
  type LexicalCandidates,
  type Passage,
  type SearchedBase,
} from './candidates/candidate.repository.js';
import { type AskedBases, DOCUMENTS_LISTED } from './candidates/bases-query.js';
import { parseMetadataFilter } from './candidates/metadata-filter.js';
import { acrossPlan, lexicalPlan, type VectorPlan, vectorPlan } from './candidates/plan.js';
import type { SearchScope } from './candidates/queries.js';
import { HAN_FROM, withAcross } from './fusion/across.js';
import { coverageOf, fuse, type FusedHit } from './fusion/fuse.js';
import { highlightsOf } from './highlights.js';
import { type Narrowing, narrowings } from './narrowing.js';
import { rankingOf } from './ranking.js';
import { namedIn, respell, respellable } from './question/index.js';
import type { Meeting } from './rerank/late-interaction/matches.js';
import { type Alignment, TokenAligner } from './rerank/late-interaction/token-aligner.js';
import { tokenWeights } from './rerank/late-interaction/token-scorer.js';
import {
  type QuestionEmbedded,
  RERANKER,
  type Reranker,
  type RerankRequest,
} from './rerank/reranker.port.js';

/** Longest question in characters: a whole document is no question, and each of its words costs. */
const MAX_QUERY_LENGTH = 4000;

/** Candidates of each channel: at least 50, twice as many as are asked for, at most 200. */
const candidatesFor = (topK: number): number => Math.min(200, Math.max(50, 2 * topK));

/** @returns how many of the fused candidates a reranker gets: as many as are asked for at least */
export const rerankedOf = ({ limit }: Reranker, topK: number): number => Math.max(limit, topK);

/** Passages that are embedded for a question whose knowledge bases have no token states: as many as are read for an answer. */
const ALIGNED_BY_OTHER = 4;

/** Knowledge bases whose model is remembered. */
const BASES_REMEMBERED = 10_000;

/** Candidates of each channel whose words can correct a misspelt one. */
const SPELLING_CANDIDATES = 30;

/** What the channels found, and the words that they were asked for. */
interface Found {
  lexical: LexicalCandidates;
  vector: Candidate[][];
  question: Asked['question'];
  words: string[];
}
type Search = z.output<typeof SearchInput>;

/** A question as both channels take it. */
interface Query {
  text: string;
  /** What of it is written in Han characters, 0–1. */
  share: number;
  /** What the model made of it that was right the last time. */
  early: Promise<Embedded | undefined>;
}
type Asked = Omit<RerankRequest, 'candidates' | 'signal'> & {
  /** The question's words, each once. */
  words: string[];
};

/** A search before its ranking. */
export interface Gathered {
  bases: SearchedBase[];
  filters: NamedFilter[];
  asked: Asked;
  lexical: LexicalCandidates;
  vector: Candidate[][];
}
type Embedded = Awaited<ReturnType<ServiceClient<'inference'>['embed']>>;

/** Finds the passages that answer a question. */
@Injectable()
export class SearchService {
  private readonly inference: ServiceClient<'inference'>;
  /** Which model a knowledge base was last searched with, by its id: a guess that is checked each time. */
  private readonly lastModel = new Map<string, string>();

  constructor(
    private readonly candidates: CandidateRepository,
    registry: ServiceRegistry,
    @Inject(RERANKER) private readonly reranker: Reranker,
    private readonly aligner: TokenAligner,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.inference = registry.client('inference');
  }

  /**
   * Both channels find candidates at the same time; they are fused, reranked where that is wanted and possible, and
   * cut once, by the final score.
   * @throws UserError as the retrieval contract says
   */
  async search(request: SearchRequest): Promise<SearchResult> {
    const begun = performance.now();
    const input = SearchInput.parse(request);
    const { bases, filters, asked, vector, lexical } = await this.gather(input);
    const { scope, words, question } = asked;
    const fused = fuse({ lexical, vector }, input.mode, input.fusion, asked.ranking);
    const { hits, alignments, reranker } = await this.rerank(input, asked, fused);
    const kept = hits
      .filter(({ trace }) => input.minScore === undefined || scoreOf(trace) >= input.minScore)
      .slice(0, input.topK);
    const ids = kept.map(({ chunkId }) => chunkId);
    const [passages, aligned] = await Promise.all([
      this.candidates.passages(scope, ids, input.neighbours),
      this.aligned(asked, ids, alignments),
    ]);
    const other =
      input.alignments && !question ? await this.alignedByOther(asked.query, ids, passages) : undefined;
    const tokens = other?.question ?? question;

    const cosines = vector.flatMap((list) => list.map(({ score }) => score));
    return {
      hits: kept.flatMap((hit) => {
        const passage = passages.get(hit.chunkId);
        return passage
          ? view(hit, passage, words, (other?.aligned ?? aligned).get(hit.chunkId), input.alignments)
          : [];
      }),
      filters,
      tookMs: performance.now() - begun,
      embeddingModel: [...new Set(bases.map(({ embedder }) => embedder.name))].join(', '),
      reranker,
      ...(input.alignments && tokens
        ? { question: { starts: [...tokens.states.starts], weights: [...tokenWeights(tokens.states)] } }
        : {}),
      coverage: coverageOf(lexical.found[0]?.score ?? 0, lexical.reach),
      bestCosine: cosines.length > 0 ? Math.max(...cosines) : null,
    };
  }

  /**
   * What both channels find for a question, before anything is ranked.
   * @throws UserError as the retrieval contract says
   */
  async gather(input: Search): Promise<Gathered> {
    authorize('search', 'KnowledgeBase');
    const query = plainQuestion(input.query);
    if (query === '')
      throw invalidInput('query', {
        en: 'expected a question or words to search for',
        zh: '请输入要检索的问题或词语',
      });
    if (query.length > MAX_QUERY_LENGTH)
      throw invalidInput('query', {
        en: `expected at most ${MAX_QUERY_LENGTH} characters`,
        zh: `不得超过 ${MAX_QUERY_LENGTH} 个字符`,
      });
    const scope = scopeOf(input);
    const early = this.embedEarly(input, query);
    const named = input.namedFilters ? namedIn(query) : undefined;
    const share = shareOfHan(query);
    const han = input.mode === 'HYBRID' ? share >= HAN_FROM : undefined;
    const bases = await this.basesOf(scope, { han, named });
    const tries = narrowings({ ...scope, documentIds: listedIn(bases) }, bases, named);
    const { lexical, vector, question, words, filters } = await this.firstFound(tries, (narrowed) =>
      this.channels(input, narrowed, { text: query, share, early }),
    );
    const { reach, weights } = lexical;
    const asked = { query, words, weights, scope, question, reach, ranking: rankingOf(bases) };
    return { bases, filters, asked, lexical, vector };
  }

  /** What the first of the ways finds that finds anything, and the filters that it had. */
  private async firstFound(
    tries: Narrowing[],
    find: (narrowed: Narrowing) => Promise<Found>,
  ): Promise<Found & { filters: NamedFilter[] }> {
    for (const narrowed of tries.slice(0, -1)) {
      const found = await find(narrowed);
      if (found.lexical.found.length > 0 || found.vector.some((list) => list.length > 0))
        return { ...found, filters: narrowed.filters };
    }
    const last = tries.at(-1)!;
    return { ...(await find(last)), filters: last.filters };
  }

  /** Both channels; the words once more, where words that the index does not have can be corrected. */
  private async channels(input: Search, { scope, bases }: Narrowing, query: Query): Promise<Found> {
    const words = distinctWords(query.text);
    const [lexical, { lists: vector, question }] = await Promise.all([
      this.byWords(input, scope, bases, words),
      this.byVector(input, scope, bases, query),
    ]);
    const corrections = await this.corrections(scope, lexical, vector);
    if (corrections.size === 0) return { lexical, vector, question, words };
    const corrected = [...new Set(words.map((word) => corrections.get(word) ?? word))];
    const again = await this.byWords(input, scope, bases, corrected);
    return { lexical: again, vector, question, words: corrected };
  }

  /** A misspelt word is corrected by the words of what was found in spite of it, within what its asker may see. */
  private async corrections(
    scope: SearchScope,
    lexical: LexicalCandidates,
    vector: Candidate[][],
  ): Promise<Map<string, string>> {
    const unseen = respellable(lexical.unseen);
    if (unseen.length === 0) return new Map();
    const nearest = [lexical.found, ...vector].flatMap((list) => list.slice(0, SPELLING_CANDIDATES));
    const ids = [...new Set(nearest.map(({ chunkId }) => chunkId))];
    return respell(unseen, await this.candidates.seenWords(scope, ids, unseen));
  }

  private async basesOf(scope: SearchScope, asked: AskedBases): Promise<SearchedBase[]> {
    const bases = await this.candidates.bases(scope, asked);
    const known = new Set(bases.map(({ id }) => id));
    const missing = scope.knowledgeBaseIds.find((id) => !known.has(id));
    if (missing !== undefined) throw new UserError('KNOWLEDGE_BASE_NOT_FOUND', { id: missing });
    return bases;
  }

  private async byWords(
    { mode, topK }: Search,
    scope: SearchScope,
    bases: SearchedBase[],
    words: string[],
  ): Promise<LexicalCandidates> {
    if (mode === 'VECTOR') return { found: [], reach: 0, unseen: [], weights: [] };
    const chunks = chunksOf(bases);
    const indexed = indexedOf(bases);
    const plan = lexicalPlan(chunks, indexed, scope.within);
    return this.candidates.byWords(plan, scope, words, chunks, indexed, candidatesFor(topK));
  }

  /**
   * One list for each embedder among the knowledge bases; and the question's token states, where there is one embedder
   * and it has them.
   */
  private async byVector(
    { mode, topK }: Search,
    scope: SearchScope,
    bases: SearchedBase[],
    { text, share, early }: Query,
  ): Promise<{ lists: Candidate[][]; question: QuestionEmbedded | null }> {
    if (mode === 'LEXICAL') return { lists: [], question: null };
    const groups = Map.groupBy(bases, ({ embedder }) => vectorSpace(embedder));
    const found = await Promise.all(
      [...groups].map(async ([space, group]) => {
        const { embedder } = group[0]!;
        const { vectors, tokenStates } = await this.embed(text, embedder, group[0]!.name, early);
        this.remember(group, embedder.name);
        const { found, other } = await this.nearest(
          { ...scope, knowledgeBaseIds: group.map(({ id }) => id) },
          embedder,
          decodeVector(vectors[0]!),
          group,
          candidatesFor(topK),
          mode === 'HYBRID' ? share < HAN_FROM : undefined,
        );
        const list = other.length > 0 ? withAcross(found, other, share) : found;
        const { dimension } = embedder;
        const states = tokenStates?.[0];
        const question = states
          ? { space, dimension, han: share, states: decodeQuestionStates(states, dimension) }
          : null;
        return { list, question };
      }),
    );
    return { lists: found.map(({ list }) => list), question: found.length === 1 ? found[0]!.question : null };
  }

  /**
   * The nearest chunks; and those in the other script than the question, which only the graph has to be asked for.
   * @param otherScript whether that is Han characters; undefined: they are not wanted
   */
  private async nearest(
    scope: SearchScope,
    embedder: EmbedderBinding,
    vector: Float32Array,
    bases: SearchedBase[],
    limit: number,
    otherScript: boolean | undefined,
  ): Promise<{ found: Candidate[]; other: Candidate[] }> {
    const { candidates } = this;
    const chunks = chunksOf(bases);
    const indexed = indexedOf(bases);
    const plan = vectorPlan(chunks, indexed, scope.within);
    if (plan !== 'wide') {
      const near = await candidates.nearestOfEach(plan, scope, embedder, vector, limit);
      return { found: near.slice(0, limit), other: near.filter(({ han }) => han === otherScript) };
    }
    const across = Math.min(
      chunks,
      bases.reduce((sum, base) => sum + base.across, 0),
    );
    const nearest = (way: VectorPlan, of: number, han?: boolean) =>
      candidates.nearest(way, scope, embedder, vector, of, indexed, limit, han);
    const [found, other] = await Promise.all([
      nearest(plan, chunks),
      otherScript !== undefined && across > 0
        ? nearest(acrossPlan(across, scope.within), across, otherScript)
        : [],
    ]);
    return { found, other };
  }

  /**
   * Embeds while the knowledge bases are looked up, by the model that was right the last time. Whether it still is,
   * is decided by what the lookup says; a failure here is found again there, and said.
   */
  private async embedEarly({ mode, knowledgeBaseIds }: Search, query: string): Promise<Embedded | undefined> {
    const model = this.lastModel.get(knowledgeBaseIds[0]!);
    if (mode === 'LEXICAL' || model === undefined) return undefined;
    return this.inference.embed(embedInput(query, model)).catch(() => undefined);
  }

  private remember(bases: SearchedBase[], model: string): void {
    if (this.lastModel.size >= BASES_REMEMBERED) this.lastModel.clear();
    for (const { id } of bases) this.lastModel.set(id, model);
  }

  /** A question can only be compared with vectors of the same embedder, in the same revision. */
  private async embed(
    query: string,
    bound: EmbedderBinding,
    base: string,
    early: Promise<Embedded | undefined>,
  ): Promise<Embedded> {
    const mismatch = (present: string, options?: ErrorOptions) =>
      new UserError('EMBEDDER_MISMATCH', { name: base, bound: vectorSpace(bound), present }, options);
    const guessed = await early;
    const embedded =
      guessed?.model.name === bound.name
        ? guessed
        : await this.inference.embed(embedInput(query, bound.name)).catch((error: unknown) => {
            if (!(error instanceof UserError) || error.code !== 'MODEL_NOT_FOUND') throw error;
            throw mismatch(String(error.problem.params['available'] ?? '–'), { cause: error });
          });
    const { model } = embedded;
    if (model.revision !== bound.revision || model.dimension !== bound.dimension)
      throw mismatch(vectorSpace(model));
    return embedded;
  }

  /**
   * The channels together are reranked unless that is not wanted, a single one only where it is.
   * @returns the hits in their final order; the alignments that were made on the way; who reranked
   */
  private async rerank(
    input: Search,
    asked: Asked,
    fused: FusedHit[],
  ): Promise<{ hits: FusedHit[]; alignments: Map<string, Alignment>; reranker: string | null }> {
    const { reranker } = this;
    const asTheyAre = { hits: fused, alignments: new Map<string, Alignment>(), reranker: null };
    if (!(input.rerank ?? input.mode === 'HYBRID') || fused.length === 0) return asTheyAre;
    const candidates = fused.slice(0, rerankedOf(reranker, input.topK));
    try {
      const reranking = await reranker.rerank({ ...asked, candidates, signal: currentContext().signal });
      if (!reranking) return asTheyAre;
      const alignments = new Map<string, Alignment>();
      for (const { chunkId, trace } of candidates) {
        const { score, alignment } = reranking.scored.get(chunkId) ?? {};
        trace.rerankScore = score ?? null;
        if (alignment) alignments.set(chunkId, alignment);
      }
      const [scored, others] = [true, false].map((wanted) =>
        candidates.filter(({ trace }) => (trace.rerankScore !== null) === wanted),
      ) as [FusedHit[], FusedHit[]];
      scored.sort((a, b) => scoreOf(b.trace) - scoreOf(a.trace));
      // What the reranker could not score stays findable: a chunk, say, that was indexed before its states were kept.
      return { hits: [...scored, ...others], alignments, reranker: reranking.by };
    } catch (error) {
      // The fused order is a good answer too: better than none while a reranker is down. The result says so.
      if (!(error instanceof UserError)) throw error;
      this.logger.warn({ reranker: reranker.name, problem: error.problem }, 'searched without reranking');
      return asTheyAre;
    }
  }

  /** @returns how the shown passages meet the question, token by token, where that can be told */
  private async aligned(
    { scope, question, words, weights }: Asked,
    chunkIds: string[],
    known: Map<string, Alignment>,
  ): Promise<Map<string, Alignment>> {
    const missing = chunkIds.filter((id) => !known.has(id));
    if (!question || missing.length === 0) return known;
    return new Map([...known, ...(await this.aligner.align(scope, question, { words, weights }, missing))]);
  }

  /**
   * The same by another embedder, where that of the knowledge bases gives no states of tokens: the first passages are
   * embedded for it, here and now.
   */
  private async alignedByOther(
    query: string,
    chunkIds: string[],
    passages: Map<string, Passage>,
  ): Promise<{ question: QuestionEmbedded; aligned: Map<string, Meeting> } | undefined> {
    const model = (await this.inference.embeddingModels()).find(({ tokenStates }) => tokenStates);
    const ids = chunkIds.filter((id) => passages.has(id)).slice(0, ALIGNED_BY_OTHER);
    if (!model || ids.length === 0) return undefined;
    const [asked, given] = await Promise.all([
      this.inference.embed(embedInput(query, model.name)),
      this.inference.embed({
        ...embedInput(query, model.name),
        role: 'passage',
        texts: ids.map((id) => passageText(passages.get(id)!)),
      }),
    ]);
    const { dimension } = model;
    const states = decodeQuestionStates(asked.tokenStates![0]!, dimension);
    const question = { space: vectorSpace(model), dimension, han: shareOfHan(query), states };
    const meetings = await this.aligner.scorer.meet(question, (add) => {
      for (const encoded of given.tokenStates!) add(Buffer.from(encoded, 'base64'));
    });
    return { question, aligned: new Map(ids.map((id, i) => [id, meetings[i]!])) };
  }
}

function scopeOf(input: Search): SearchScope {
  const { principal } = currentContext();
  return {
    knowledgeBaseIds: [...new Set(input.knowledgeBaseIds)],
    principals: may('manage', 'Document') ? undefined : readerIds(principal),
    filter: parseMetadataFilter(input.filter),
  };
}

const embedInput = (query: string, model: string) => ({
  model,
  role: 'query' as const,
  urgency: 'interactive' as const,
  tokenStates: true,
  texts: [query],
});

/** @returns the ids of all documents that may be seen, where they are few in every knowledge base */
function listedIn(bases: SearchedBase[]): string[] | undefined {
  const listed = bases.flatMap(({ documents }) => documents ?? []);
  return bases.every(({ documents }) => documents) && listed.length < DOCUMENTS_LISTED ? listed : undefined;
}

const chunksOf = (bases: SearchedBase[]): number => bases.reduce((sum, { chunks }) => sum + chunks, 0);

/** Chunks in the whole index; no fewer than are seen, since Postgres counts a new one late. */
const indexedOf = (bases: SearchedBase[]): number =>
  Math.max(chunksOf(bases), ...bases.map(({ indexed }) => indexed));

/** The final score: the reranker's where there is one. */
const scoreOf = ({ rerankScore, fusedScore }: FusedHit['trace']): number => rerankScore ?? fusedScore;

function view(
  { chunkId, trace }: FusedHit,
  passage: Passage,
  words: string[],
  alignment: Meeting | undefined,
  withAlignment: boolean,
): SearchHit {
  const { documentId, documentTitle, knowledgeBaseId, text, before, after, page, headings } = passage;
  const ahead = passageText(passage).length - text.length;
  const highlights = highlightsOf(text, words, alignment, ahead);
  const onPage = passage.boxes.filter((placed) => placed.page === page);
  return {
    chunkId,
    documentId,
    documentTitle,
    knowledgeBaseId,
    text,
    before,
    after,
    score: scoreOf(trace),
    page,
    boxes: onPage.map(({ box }) => box),
    lines: passage.boxes,
    headings,
    highlights,
    highlightBoxes: onPage
      .filter((line) => highlights.some(([start, end]) => start < line.end && end > line.start))
      .map(({ box }) => box),
    trace,
    ...(withAlignment && alignment ? { alignment: alignmentView(alignment, ahead) } : {}),
  };
}

function alignmentView({ starts, cosines }: Meeting, ahead: number): TokenAlignment {
  return {
    starts: Array.from(starts, (start) => Math.max(-1, start - ahead)),
    cosines: Buffer.from(cosines.buffer, cosines.byteOffset, cosines.byteLength).toString('base64'),
  };
}
