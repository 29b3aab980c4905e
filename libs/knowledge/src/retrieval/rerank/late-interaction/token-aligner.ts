import { askTwice, Thread } from '@midplane/kernel';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CandidateRepository } from '../../candidates/candidate.repository.js';
import type { SearchScope } from '../../candidates/queries.js';
import type { QuestionEmbedded } from '../reranker.port.js';
import type { BestMatches, Similarities } from './question-tables.js';
import type { ScorerMessage, ScorerResult } from './scorer.worker.js';

/** How a passage's tokens meet those of a question. Offsets are into the chunk's text; those of headings are below 0. */
export interface Alignment extends Similarities {
  best: BestMatches;
  /** The chunk's BM25, 0 where it holds none of the question's words. */
  lexical: number;
}

/** Compares questions with passages token by token, in a thread of its own. */
@Injectable()
export class TokenAligner implements OnModuleDestroy {
  private readonly thread = new Thread<ScorerMessage, ScorerResult>(import.meta.url, 'scorer', undefined);

  constructor(private readonly candidates: CandidateRepository) {}

  /**
   * @param words of the question, each once
   * @returns the alignments by the chunks' ids, of those that may still be seen
   */
  async align(
    scope: SearchScope,
    question: QuestionEmbedded,
    words: string[],
    chunkIds: string[],
  ): Promise<Map<string, Alignment>> {
    const found = await this.candidates.states(scope, question.space, words, chunkIds);
    const results = await askTwice(this.thread, {
      question: question.states.values,
      dimension: question.dimension,
      passages: found.map(({ states }) => states),
    });
    return new Map(found.map(({ chunkId, lexical }, i) => [chunkId, { ...results[i]!, lexical }]));
  }

  onModuleDestroy(): Promise<void> {
    return this.thread.close();
  }
}
