import { Ranking } from '@midplane/contracts';
import { Database, type Query, type TransactionSettings } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import type { PlacedLine } from '../../chunk/index.js';
import { type EmbedderBinding, vectorSpace } from '../../vector-space.js';
import type { SeenWord } from '../question/index.js';
import { type AskedBases, basesQuery } from './bases-query.js';
import { textsOf } from './bm25.js';
import { bestFirst, type Scored, TextRanking } from './bm25-scorer.js';
import { seesAll } from './code-rows.js';
import { reachOf, weightsOf, type WordScores, type WordWeight } from './lexical-weights.js';
import {
  lexicalQuery,
  passagesQuery,
  postingsQuery,
  statesQuery,
  rightAmongQuery,
  type RightPassage,
  type SearchScope,
  seenWordsQuery,
  vectorQuery,
  wordScoresQuery,
} from './queries.js';
import { type LexicalPlan, planWithoutGraph, type PlanWithoutGraph, type VectorPlan } from './plan.js';
import { hnswSettings, lexicalSettings, PLAN_SETTINGS, SETTINGS } from './settings.js';
import { codesQuery, nearestOfQuery } from './vector-codes/code-queries.js';
import { CodeScorer } from './vector-codes/code-scorer.js';
import { chunksOfQuery, wordCodesQuery } from './word-codes/word-code-queries.js';
import { type RankedCode, WordCodeRanking } from './word-codes/word-code-ranking.js';

/** A knowledge base as a search needs it. */
export interface SearchedBase {
  id: string;
  name: string;
  embedder: EmbedderBinding;
  /** Fitted to it; null: the defaults. */
  ranking: Ranking | null;
  /** Chunks of it that the search may see, about. */
  chunks: number;
  /** Chunks of it in the other script than the question, as far as they are counted. */
  across: number;
  /** Chunks in the whole index, about; 0 where Postgres has not counted yet. */
  indexed: number;
  /** Ids of the documents that the search may see, where they are few. */
  documents: string[] | null;
  /** Visible documents of it that the question may mean. */
  named: NamedMatch[];
}

/** A document whose title holds a name of the question, or that is from the time it names. */
export interface NamedMatch {
  id: string;
  title: string;
  chunks: number;
  /** Which of the named documents it may be, by their place in the question. */
  names: number[];
  dated: boolean;
}

/** A chunk that a channel found, with that channel's own score; the higher the better. */
export interface Candidate extends Scored {
  /** What is added to the score where it is compared with others, since it can't be as high as theirs. */
  lift?: number;
}

/** A chunk that the vector channel found. */
export interface NearCandidate extends Candidate {
  /** Whether it is written in Han characters. */
  han: boolean;
}

export interface LexicalCandidates {
  /** Best first; scores are BM25. */
  found: Candidate[];
  /** The highest BM25 that any text could reach for the question. */
  reach: number;
  /** Words of the question that the index does not have. */
  unseen: string[];
  /** What the others weigh. */
  weights: WordWeight[];
}

/** A chunk in full. */
export interface Passage {
  id: string;
  documentId: string;
  documentTitle: string;
  knowledgeBaseId: string;
  text: string;
  page: number | null;
  boxes: PlacedLine[];
  headings: string[];
  before: string[];
  after: string[];
}

/** A chunk's token states, packed, and its words. */
export interface ChunkStates {
  chunkId: string;
  states: Buffer;
  /** Whether it is written in Han characters. */
  han: boolean;
  /** As they are indexed, parted by spaces, in UTF-8. */
  words: Buffer;
}

/** Texts with their counts of a question's words. */
interface Texts {
  /** What the index scores for each of the words. */
  scores: WordScores[];
  /** Best first, as far as they may be seen. */
  best(weights: WordWeight[], limit: number): Scored[] | Promise<Scored[]>;
}

interface NearestRow {
  found: [chunkId: string, cosine: number, han: boolean][];
}

/**
 * How many times what is wanted is compared exactly after codes: of 27,000 and 100,000 chunks the 50 nearest are among
 * the 100 by code to .95 and .94, among the 150 to .98, among the 200 to .99, among the 250 to .995.
 */
const COMPARED = 5;

/** How many times what is wanted is looked up after codes of words: some of it may not be ready. */
const RANKED = 2;

/** How many times what is wanted the index of words is asked for: its rows that may be seen come unevenly. */
const SPARE = 2;

/** Finds chunks for a search, each channel by one query within the caller's tenant. */
@Injectable()
export class CandidateRepository {
  constructor(private readonly database: Database) {}

  /**
   * @param asked undefined where there is no question
   * @returns those of the scope's knowledge bases that the tenant has
   */
  async bases(scope: SearchScope, asked?: AskedBases): Promise<SearchedBase[]> {
    const rows = await this.database.read<{
      id: string;
      name: string;
      embedderName: string;
      embedderRevision: string;
      dimension: number;
      ranking: unknown;
      chunks: number;
      across: number;
      indexed: number;
      documents: string[] | null;
      named?: NamedMatch[];
    }>(basesQuery(scope, asked), SETTINGS);
    return rows.map(({ embedderName, embedderRevision, dimension, ranking, ...base }) => ({
      ...base,
      ranking: Ranking.nullable().parse(ranking),
      named: base.named ?? [],
      embedder: { name: embedderName, revision: embedderRevision, dimension },
    }));
  }

  /**
   * The chunks that hold the question's words.
   * @param words of the question, each once
   * @param chunks that the scope holds, about
   * @param indexed chunks in the whole index, about
   */
  async byWords(
    plan: LexicalPlan,
    scope: SearchScope,
    words: string[],
    chunks: number,
    indexed: number,
    limit: number,
  ): Promise<LexicalCandidates> {
    if (words.length === 0) return { found: [], reach: 0, unseen: [], weights: [] };
    const { scores, best } =
      plan === 'codes'
        ? await this.byWordCodes(scope, words)
        : plan === 'narrow'
          ? await this.allTexts(scope, words)
          : await this.textsByIndex(scope, words, limit, indexed / Math.max(1, chunks));
    const unseen = words.filter((_, i) => scores[i]![0] <= 0);
    const weights = weightsOf(words, scores);
    const found = await best(weights, limit);
    return { found, reach: reachOf(weights, unseen.length, indexed), unseen, weights };
  }

  /** The words of every chunk of the scope, and what the index scores for those of the question. */
  private async allTexts(scope: SearchScope, words: string[]): Promise<Texts> {
    const query = postingsQuery(scope);
    const ranking = new TextRanking(words);
    const [scores] = await Promise.all([
      this.wordScores(words),
      this.database.copyEach(query, PLAN_SETTINGS.narrow, ([id, held]) => ranking.add(id!.toString(), held!)),
    ]);
    return { scores, best: (weights, limit) => ranking.best(weights, limit) };
  }

  private async wordScores(words: string[]): Promise<WordScores[]> {
    const [row] = await this.database.read<{ weights: WordScores[] }>(wordScoresQuery(words), SETTINGS);
    return row!.weights;
  }

  /**
   * The same by the codes of their words.
   * @param whole whether the codes of what is not ready are counted too: where these leave too few, once more without
   */
  private async byWordCodes(scope: SearchScope, words: string[], whole = seesAll(scope)): Promise<Texts> {
    const query = wordCodesQuery(scope, whole);
    const ranking = new WordCodeRanking(words);
    const [scores] = await Promise.all([
      this.wordScores(words),
      this.database.copyEach(query, PLAN_SETTINGS.narrow, ([id, codes]) => ranking.add(id!, codes!)),
    ]);
    return {
      scores,
      best: async (weights, limit) => {
        const ranked = ranking.best(weights, RANKED * limit);
        const found = (await this.chunksOf(scope, ranked)).slice(0, limit);
        if (!whole || found.length === limit || ranked.length < RANKED * limit) return found;
        return (await this.byWordCodes(scope, words, false)).best(weights, limit);
      },
    };
  }

  /** @returns the chunks of codes, as far as they may be seen, best first */
  private async chunksOf(scope: SearchScope, codes: RankedCode[]): Promise<Scored[]> {
    if (codes.length === 0) return [];
    const rows = await this.database.read<{ n: number; id: string }>(
      chunksOfQuery(scope, codes),
      PLAN_SETTINGS.narrow,
    );
    return bestFirst(rows.map(({ n, id }) => ({ chunkId: id, score: codes[n - 1]!.score })));
  }

  /** The same of the chunks that the index finds. @param rows that it has to give for each of the scope, about */
  private async textsByIndex(
    scope: SearchScope,
    words: string[],
    limit: number,
    rows: number,
  ): Promise<Texts> {
    const texts = textsOf(words.length, limit);
    const [row] = await this.database.read<{ found: [string, string][]; weights: WordScores[] }>(
      lexicalQuery(scope, words, texts),
      lexicalSettings(SPARE * texts * rows),
    );
    const ranking = new TextRanking(words);
    for (const [id, held] of row!.found) ranking.add(id, Buffer.from(held));
    return { scores: row!.weights, best: (weights, count) => ranking.best(weights, count) };
  }

  /**
   * The chunks nearest to a vector of an embedder, by cosine. Where the index gives up before it has met enough
   * chunks of the scope, these are compared without it.
   * @param chunks that the scope holds, about
   * @param indexed chunks in the whole index, about
   * @param han only those written in Han characters, or only the others
   */
  async nearest(
    plan: VectorPlan,
    scope: SearchScope,
    embedder: EmbedderBinding,
    vector: Float32Array,
    chunks: number,
    indexed: number,
    limit: number,
    han?: boolean,
  ): Promise<NearCandidate[]> {
    if (plan === 'wide') {
      const found = await this.nearestByQuery(
        vectorQuery(plan, scope, vectorSpace(embedder), vector.length, vectorText(vector), limit, han),
        hnswSettings(indexed),
      );
      if (found.length >= Math.min(limit, chunks)) return found;
    }
    const way = plan === 'wide' ? planWithoutGraph(scope.within) : plan;
    return (await this.nearestOfEach(way, scope, embedder, vector, limit, han)).slice(0, limit);
  }

  /**
   * The same without the graph, for both scripts at once: as many of each.
   * @returns all of them, best first
   */
  nearestOfEach(
    plan: PlanWithoutGraph,
    scope: SearchScope,
    embedder: EmbedderBinding,
    vector: Float32Array,
    limit: number,
    han?: boolean,
  ): Promise<NearCandidate[]> {
    const space = vectorSpace(embedder);
    if (plan === 'codes') return this.nearestByCodes(scope, space, vector, limit, han);
    const query = vectorQuery(plan, scope, space, vector.length, vectorText(vector), limit, han);
    return this.nearestByQuery(query, PLAN_SETTINGS.narrow);
  }

  /**
   * The codes of all vectors of the scope are compared, and then the best of them with the vectors themselves.
   * @param whole whether the codes of what is not ready are compared too: where these leave too few, once more without
   */
  private async nearestByCodes(
    scope: SearchScope,
    space: string,
    vector: Float32Array,
    limit: number,
    han?: boolean,
    whole = seesAll(scope),
  ): Promise<NearCandidate[]> {
    const query = codesQuery(scope, space, han, whole);
    const scorer = new CodeScorer(vector, COMPARED * limit);
    await this.database.copyEach(query, PLAN_SETTINGS.narrow, ([id, script, codes]) =>
      scorer.add(id!, script![0] === 1, codes!),
    );
    const best = scorer.finish();
    const codes = [...best.han, ...best.other];
    if (codes.length === 0) return [];
    const found = await this.nearestByQuery(
      nearestOfQuery(scope, space, vector.length, vectorText(vector), codes, limit),
      PLAN_SETTINGS.narrow,
    );
    const tooFew = (compared: number, script: boolean) =>
      compared === COMPARED * limit && found.filter((near) => near.han === script).length < limit;
    if (whole && (tooFew(best.han.length, true) || tooFew(best.other.length, false)))
      return this.nearestByCodes(scope, space, vector, limit, han, false);
    return found;
  }

  private async nearestByQuery(query: Query, settings: TransactionSettings): Promise<NearCandidate[]> {
    const [row] = await this.database.read<NearestRow>(query, settings);
    return row!.found.map(([chunkId, score, han]) => ({ chunkId, score, han }));
  }

  /** @returns the words of letters that chunks hold, of those that begin like one of `unseen` */
  async seenWords(scope: SearchScope, chunkIds: string[], unseen: string[]): Promise<SeenWord[]> {
    if (chunkIds.length === 0) return [];
    return this.database.read<SeenWord>(seenWordsQuery(scope, chunkIds, unseen), SETTINGS);
  }

  /** @returns the chunks in full, as far as they may still be seen, by their ids */
  async passages(scope: SearchScope, chunkIds: string[], neighbours: number): Promise<Map<string, Passage>> {
    if (chunkIds.length === 0) return new Map();
    const rows = await this.database.read<Passage>(passagesQuery(scope, chunkIds, neighbours), SETTINGS);
    return new Map(rows.map((row) => [row.id, row]));
  }

  /**
   * @param space under which the embedder's states are kept
   * @param onChunk gets the token states of each of those chunks that have any and may still be seen; the bytes are only
   *   there until it returns
   */
  async states(
    scope: SearchScope,
    space: string,
    chunkIds: string[],
    onChunk: (chunk: ChunkStates) => void,
  ): Promise<void> {
    if (chunkIds.length === 0) return;
    const query = statesQuery(scope, space, chunkIds);
    await this.database.copyEach(query, SETTINGS, ([chunkId, states, han, words]) =>
      onChunk({ chunkId: chunkId!.toString(), states: states!, han: han![0] === 1, words: words! }),
    );
  }

  /** @returns the ids of those of the chunks that are a right passage and may still be seen */
  async rightAmong(scope: SearchScope, chunkIds: string[], right: RightPassage): Promise<string[]> {
    if (chunkIds.length === 0) return [];
    const rows = await this.database.read<{ id: string }>(rightAmongQuery(scope, chunkIds, right), SETTINGS);
    return rows.map(({ id }) => id);
  }
}

/** As Postgres reads a vector. */
const vectorText = (vector: Float32Array): string => `[${vector.join(',')}]`;
