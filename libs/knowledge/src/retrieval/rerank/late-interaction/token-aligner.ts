import { askTwice, Thread } from '@midplane/kernel';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CandidateRepository } from '../../candidates/candidate.repository.js';
import type { SearchScope } from '../../candidates/queries.js';
import type { QuestionEmbedded } from '../reranker.port.js';
import { LATE_INTERACTION } from './late-interaction.parameters.js';
import type { Meeting } from './matches.js';
import type { ScorerMessage, ScorerResult } from './scorer.worker.js';

/** How a chunk's tokens meet those of a question. Offsets are into the text that was embedded (`passageText`). */
export interface Alignment extends Meeting {
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
    const meetings = await this.meet(
      question,
      found.map(({ states }) => states),
    );
    return new Map(found.map(({ chunkId, lexical }, i) => [chunkId, { ...meetings[i]!, lexical }]));
  }

  /** @param passages states of each, packed, of the embedder that the question was embedded with */
  meet({ dimension, states }: QuestionEmbedded, passages: Uint8Array[]): Promise<Meeting[]> {
    return askTwice(this.thread, {
      question: states.values,
      weights: states.weights.map((weight) => weight ** LATE_INTERACTION.weightExponent),
      dimension,
      passages,
    });
  }

  onModuleDestroy(): Promise<void> {
    return this.thread.close();
  }
}
