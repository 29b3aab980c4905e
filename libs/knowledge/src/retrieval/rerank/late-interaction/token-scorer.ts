import type { QuestionStates } from '@midplane/contracts';
import { askTwice, Thread } from '@midplane/kernel';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { QuestionEmbedded } from '../reranker.port.js';
import { LATE_INTERACTION } from './late-interaction.parameters.js';
import type { Meeting } from './matches.js';
import type { ScorerMessage, ScorerResult } from './scorer.worker.js';

/** @returns what each of a question's tokens counts, the more the higher */
export function tokenWeights({ weights }: QuestionStates): Float32Array {
  return weights.map((weight) => weight ** LATE_INTERACTION.weightExponent);
}

/** Compares questions with passages token by token, in a thread of its own. */
@Injectable()
export class TokenScorer implements OnModuleDestroy {
  private readonly thread = new Thread<ScorerMessage, ScorerResult>(import.meta.url, 'scorer', undefined);

  /** @param passages states of each, packed, of the embedder that the question was embedded with */
  meet(
    { dimension, states }: Pick<QuestionEmbedded, 'dimension' | 'states'>,
    passages: Uint8Array[],
  ): Promise<Meeting[]> {
    return askTwice(this.thread, {
      question: states.values,
      weights: tokenWeights(states),
      dimension,
      passages,
    });
  }

  onModuleDestroy(): Promise<void> {
    return this.thread.close();
  }
}
