import {
  LEAST_RATED_QUESTIONS,
  MOST_RATED_QUESTIONS,
  SearchInput,
  type TuneInput as TuneRequest,
  TuneInput,
  type TuningView,
} from '@midplane/contracts';
import { authorize, currentContext, plainQuestion, ServiceRegistry, UserError } from '@midplane/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { CandidateRepository } from '../candidates/candidate.repository.js';
import type { RightPassage } from '../candidates/queries.js';
import { fuse } from '../fusion/fuse.js';
import { rankingOf } from '../ranking.js';
import { RERANKER, type Reranked, type Reranker } from '../rerank/reranker.port.js';
import { rerankedOf, SearchService } from '../search.service.js';
import { fit } from './fit.js';
import type { Judged, QuestionTrace } from './replay.js';

/** Questions that are searched at the same time: a tuning takes no more of the platform than a few users. */
const AT_ONCE = 4;

/** A question and all that its right passages are known by. */
interface Rated {
  question: string;
  right: RightPassage[];
}

type Traced = QuestionTrace & { by: string | null };

/** Fits the ranking parameters of a knowledge base to rated questions. */
@Injectable()
export class TuningService {
  constructor(
    private readonly search: SearchService,
    private readonly candidates: CandidateRepository,
    @Inject(RERANKER) private readonly reranker: Reranker,
    private readonly registry: ServiceRegistry,
  ) {}

  /**
   * Searches each question once and keeps what its order follows from; every ranking is then tried on that.
   * @throws UserError RATED_QUESTIONS_TOO_FEW, and as the retrieval contract says of `search`
   */
  async tune(request: TuneRequest): Promise<TuningView> {
    authorize('update', 'KnowledgeBase');
    const { knowledgeBaseId, questions, apply } = TuneInput.parse(request);
    const scope = { knowledgeBaseIds: [knowledgeBaseId], principals: undefined, filter: [] };
    const bases = await this.candidates.bases(scope);
    if (bases.length === 0) throw new UserError('KNOWLEDGE_BASE_NOT_FOUND', { id: knowledgeBaseId });
    const current = rankingOf(bases);

    const rated = merge(questions ?? (await this.ratedByUsers(knowledgeBaseId)));
    // Fewer can't become enough: there is no need to search them.
    if (rated.length < LEAST_RATED_QUESTIONS) throw tooFew(rated.length, rated.length);
    const traces = await this.trace(knowledgeBaseId, rated);
    const usable = traces.filter(({ right }) => right.size > 0);
    if (usable.length < LEAST_RATED_QUESTIONS) throw tooFew(rated.length, usable.length);

    const found = await fit(usable, current);
    const applied = apply && found.after.mrr > found.before.mrr;
    if (applied)
      await this.registry.client('ingest').setRanking({ id: knowledgeBaseId, ranking: found.fitted });
    const by = new Set(usable.flatMap((trace) => trace.by ?? []));
    return {
      knowledgeBaseId,
      questions: rated.length,
      usable: usable.length,
      reranker: by.size > 0 ? [...by].join(', ') : null,
      current,
      ...found,
      applied,
    };
  }

  private ratedByUsers(knowledgeBaseId: string): Promise<(RightPassage & { question: string })[]> {
    return this.registry.client('sessions').ratedQuestions({ knowledgeBaseId, limit: MOST_RATED_QUESTIONS });
  }

  private async trace(knowledgeBaseId: string, rated: Rated[]): Promise<Traced[]> {
    const { signal } = currentContext();
    const waiting = rated.values();
    const traces: Traced[] = [];
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (const each of waiting) {
          signal.throwIfAborted();
          traces.push(await this.traceOne(knowledgeBaseId, each));
        }
      }),
    );
    return traces;
  }

  /** The reranker looks at all candidates, since each of them can be among the first by some ranking. */
  private async traceOne(knowledgeBaseId: string, { question, right }: Rated): Promise<Traced> {
    const input = SearchInput.parse({ query: question, knowledgeBaseIds: [knowledgeBaseId] });
    const { asked, lexical, vector } = await this.search.gather(input);
    const channels = { lexical, vector };
    const candidates = fuse(channels, input.mode, input.fusion, asked.ranking);
    const ids = candidates.map(({ chunkId }) => chunkId);
    const found = await Promise.all(
      right.map((passage) => this.candidates.rightAmong(asked.scope, ids, passage)),
    );
    const reranking =
      candidates.length > 0
        ? await this.reranker.rerank({ ...asked, candidates, signal: currentContext().signal })
        : null;
    const judged = reranking && new Map([...reranking.scored].map(([id, scored]) => [id, judgedOf(scored)]));
    return {
      question,
      channels,
      judged,
      reranked: rerankedOf(this.reranker, input.topK),
      right: new Set(found.flat()),
      by: reranking?.by ?? null,
    };
  }
}

/** Of an alignment only some numbers: the cosines of all tokens of hundreds of questions would take a gigabyte. */
function judgedOf({ score, alignment }: Reranked): Judged {
  if (!alignment) return { score };
  const { closeness, across, lexical, translated } = alignment;
  return { closeness, across, lexical, translated };
}

/** The same question asked twice is one, with more than one right passage. */
function merge(rated: (RightPassage & { question: string })[]): Rated[] {
  const merged = new Map<string, RightPassage[]>();
  for (const { question, ...right } of rated) {
    const plain = plainQuestion(question);
    merged.set(plain, [...(merged.get(plain) ?? []), right]);
  }
  return [...merged].map(([question, right]) => ({ question, right }));
}

const tooFew = (given: number, usable: number): UserError =>
  new UserError('RATED_QUESTIONS_TOO_FEW', {
    field: 'questions',
    given,
    usable,
    least: LEAST_RATED_QUESTIONS,
  });
