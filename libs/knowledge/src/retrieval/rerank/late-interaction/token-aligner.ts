import { Injectable } from '@nestjs/common';
import { CandidateRepository } from '../../candidates/candidate.repository.js';
import { Bm25Scorer } from '../../candidates/bm25-scorer.js';
import type { WordWeight } from '../../candidates/lexical-weights.js';
import type { SearchScope } from '../../candidates/queries.js';
import { differenceOfScripts } from '../../fusion/across.js';
import type { QuestionEmbedded } from '../reranker.port.js';
import type { Meeting } from './matches.js';
import { TokenScorer } from './token-scorer.js';

/** How a chunk's tokens meet those of a question. Offsets are into the text that was embedded (`passageText`). */
export interface Alignment extends Meeting {
  /** As far as its script is not the question's, 0–1. */
  across: number;
  /** The chunk's BM25, 0 where it holds none of the question's words. */
  lexical: number;
}

/** Compares questions with chunks by the token states that ingest has kept. */
@Injectable()
export class TokenAligner {
  constructor(
    private readonly candidates: CandidateRepository,
    readonly scorer: TokenScorer,
  ) {}

  /**
   * @param weights of the question's words
   * @returns the alignments by the chunks' ids, of those that may still be seen
   */
  async align(
    scope: SearchScope,
    question: QuestionEmbedded,
    weights: readonly WordWeight[],
    chunkIds: string[],
  ): Promise<Map<string, Alignment>> {
    const scorer = new Bm25Scorer(weights);
    const chunks: { chunkId: string; across: number; lexical: number }[] = [];
    const meetings = await this.scorer.meet(question, (add) =>
      this.candidates.states(scope, question.space, chunkIds, ({ chunkId, states, han, words }) => {
        add(states);
        const across = differenceOfScripts(question.han, han);
        chunks.push({ chunkId, across, lexical: scorer.score(words) });
      }),
    );
    return new Map(chunks.map(({ chunkId, ...rest }, i) => [chunkId, { ...meetings[i]!, ...rest }]));
  }
}
