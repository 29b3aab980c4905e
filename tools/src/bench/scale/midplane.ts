import { decodeVector, type EmbeddingModel } from '@midplane/contracts';
import {
  currentContext,
  type Kernel,
  newId,
  readerIds,
  type RequestContext,
  runInContext,
} from '@midplane/kernel';
import {
  CandidateRepository,
  distinctWords,
  lexicalPlan,
  type SearchedBase,
  type SearchScope,
  vectorPlan,
  vectorSpace,
} from '@midplane/knowledge';
import type pg from 'pg';
import { percentiles, type Percentiles, timed } from '../percentiles.ts';
import { chunkNumber, type Scope } from './layout.ts';
import { type Found, mean, recallOf } from './recall.ts';

/** Candidates of each channel, as `search` asks for where ten hits are wanted. */
export const CANDIDATES = 50;
const WARM_UP = 20;
/** Words of so many questions are compared with every chunk where the scope is large: it takes seconds for each. */
const EXACT_BY_WORDS = { chunks: 120_000, questions: 10 };

/** A question with what the embedder makes of it. */
export interface Question {
  text: string;
  vector: Float32Array;
}

/** Of one scope; times in milliseconds. */
export interface Measured {
  scope: string;
  chunks: number;
  /** As the product counted them, and what it chose by that. */
  counted: number;
  plans: { lexical: string; vector: string };
  lexical: Percentiles;
  vector: Percentiles;
  search: Percentiles;
  /** `search` less the time that the embedder alone takes for the same question. */
  besideEmbedder: Percentiles;
  /** Against comparing with every chunk of the scope. */
  recall: { vector50: number; vector10: number; lexical50: number | null };
}

/** The product's retrieval in this process. */
export class Midplane {
  private readonly candidates: CandidateRepository;
  private readonly inference;
  private readonly retrieval;

  /** @param owner a connection as the tables' owner, for what is compared exactly */
  constructor(
    readonly kernel: Kernel,
    private readonly owner: pg.Client,
    private readonly model: EmbeddingModel,
  ) {
    this.candidates = new CandidateRepository(kernel.database);
    this.inference = kernel.registry.client('inference');
    this.retrieval = kernel.registry.client('retrieval');
  }

  /** Embeds questions, one after the other. @returns them, and how long the embedder took for each, in milliseconds */
  questions(scope: Scope, texts: string[]): Promise<{ questions: Question[]; times: number[] }> {
    return runInContext(contextOf(scope), async () => {
      const questions: Question[] = [];
      const times: number[] = [];
      for (const text of texts) {
        const [vector, took] = await timed(() => this.embed(text));
        questions.push({ text, vector });
        times.push(took);
      }
      return { questions, times };
    });
  }

  private async embed(text: string): Promise<Float32Array> {
    const { vectors } = await this.inference.embed({
      role: 'query',
      urgency: 'interactive',
      tokenStates: true,
      texts: [text],
    });
    return decodeVector(vectors[0]!);
  }

  /** @returns the ids of the chunks that would be reranked, for each question */
  async wouldBeReranked(scope: Scope, questions: Question[], count: number): Promise<string[]> {
    return runInContext(contextOf(scope), async () => {
      const ids: string[] = [];
      for (const { text } of questions) {
        const { hits } = await this.search(scope, text, count, false);
        ids.push(...hits.map(({ chunkId }) => chunkId));
      }
      return ids;
    });
  }

  private search(scope: Scope, query: string, topK: number, rerank: boolean) {
    const knowledgeBaseIds = scope.bases.map(({ id }) => id);
    return this.retrieval.search({ query, knowledgeBaseIds, topK, rerank });
  }

  /** Asks each question in every way, one after the other. @param exact of the best by vector, for each question */
  measure(scope: Scope, questions: Question[], exact: Found[][]): Promise<Measured> {
    return runInContext(contextOf(scope), async () => {
      const bases = await this.candidates.bases(searchScopeOf(scope));
      const asked = scopeWith(searchScopeOf(scope), bases);
      const counted = bases.reduce((sum, { chunks }) => sum + chunks, 0);
      const indexed = Math.max(counted, ...bases.map((base) => base.indexed));
      const plans = { lexical: lexicalPlan(counted, indexed), vector: vectorPlan(counted, indexed) };
      const byWords = (text: string, plan = plans.lexical) =>
        this.candidates.byWords(plan, asked, distinctWords(text), counted, indexed, CANDIDATES);
      const nearest = (vector: Float32Array) =>
        this.candidates.nearest(plans.vector, asked, this.model, vector, counted, indexed, CANDIDATES);
      for (const { text, vector } of questions.slice(0, WARM_UP)) {
        await byWords(text);
        await nearest(vector);
        await this.search(scope, text, 10, true);
      }
      const times = {
        lexical: [] as number[],
        vector: [] as number[],
        search: [] as number[],
        embed: [] as number[],
      };
      const found = { vector: [] as Found[][], lexical: [] as Found[][] };
      for (const { text, vector } of questions) {
        const [words, lexical] = await timed(() => byWords(text));
        const [near, byVector] = await timed(() => nearest(vector));
        const [, embed] = await timed(() => this.embed(text));
        const [, search] = await timed(() => this.search(scope, text, 10, true));
        times.lexical.push(lexical);
        times.vector.push(byVector);
        times.embed.push(embed);
        times.search.push(search);
        found.lexical.push(words.found.map(numbered));
        found.vector.push(near.map(numbered));
      }
      const recalls = (limit: number) =>
        mean(exact.map((best, i) => recallOf(found.vector[i]!, best.slice(0, limit))));
      return {
        scope: scope.name,
        chunks: scope.chunks,
        counted,
        plans,
        lexical: percentiles(times.lexical),
        vector: percentiles(times.vector),
        search: percentiles(times.search),
        besideEmbedder: percentiles(times.search.map((time, i) => time - times.embed[i]!)),
        recall: {
          vector50: recalls(CANDIDATES),
          vector10: recalls(10),
          lexical50: await this.recallByWords(scope, plans.lexical, questions, found.lexical, byWords),
        },
      };
    });
  }

  /** BM25 of the index against BM25 of every chunk; null where that takes too long. */
  private async recallByWords(
    scope: Scope,
    plan: string,
    questions: Question[],
    found: Found[][],
    byWords: (text: string, plan: 'narrow') => Promise<{ found: { chunkId: string; score: number }[] }>,
  ): Promise<number | null> {
    if (plan === 'narrow') return 1;
    if (scope.chunks > EXACT_BY_WORDS.chunks) return null;
    const recalls: number[] = [];
    for (const [i, { text }] of questions.slice(0, EXACT_BY_WORDS.questions).entries())
      recalls.push(recallOf(found[i]!, (await byWords(text, 'narrow')).found.map(numbered)));
    return mean(recalls);
  }

  /** @returns the best by vector for each question, every chunk of the scope compared */
  async exact(scope: Scope, questions: Question[]): Promise<Found[][]> {
    const { dimension } = this.model;
    const readable = scope.group === undefined ? '' : `and d.readers && array['${scope.group}']`;
    const answers: Found[][] = [];
    await this.owner.query('begin; set local enable_indexscan = off; set local jit = off');
    for (const { vector } of questions) {
      const { rows } = await this.owner.query<{ id: string; score: number }>(
        `select v.chunk_id as id, 1 - (v.embedding::halfvec(${dimension}) <=> $1::halfvec(${dimension})) as score
         from chunk_vector_${dimension} v
         where v.knowledge_base_id = any ($2::uuid[]) and v.embedding_model = $3
           ${readable && `and v.document_id in (select d.id from document d where d.knowledge_base_id = any ($2::uuid[]) ${readable})`}
         order by v.embedding::halfvec(${dimension}) <=> $1::halfvec(${dimension}) limit ${CANDIDATES}`,
        [`[${vector.join(',')}]`, scope.bases.map(({ id }) => id), vectorSpace(this.model)],
      );
      answers.push(rows.map(({ id, score }) => ({ chunk: chunkNumber(id), score })));
    }
    await this.owner.query('commit');
    return answers;
  }
}

const numbered = ({ chunkId, score }: { chunkId: string; score: number }): Found => ({
  chunk: chunkNumber(chunkId),
  score,
});

/** Who asks: an administrator, who reads everything, or a reader with one group. */
function contextOf({ tenantId, group }: Scope): RequestContext {
  return {
    principal: {
      tenantId,
      userId: newId(),
      groupIds: group === undefined ? [] : [group],
      roles: [group === undefined ? 'administrator' : 'application'],
    },
    traceId: newId(),
    locale: 'en',
    signal: new AbortController().signal,
  };
}

/** As `search` has it for who asks. */
function searchScopeOf({ bases, group }: Scope): SearchScope {
  return {
    knowledgeBaseIds: bases.map(({ id }) => id),
    principals: group === undefined ? undefined : readerIds(currentContext().principal),
    filter: [],
  };
}

function scopeWith(scope: SearchScope, bases: SearchedBase[]): SearchScope {
  return bases.every(({ documents }) => documents)
    ? { ...scope, documentIds: bases.flatMap(({ documents }) => documents ?? []) }
    : scope;
}
