import { availableParallelism } from 'node:os';
import type { QuestionStates } from '@midplane/contracts';
import { askTwice, Thread } from '@midplane/kernel';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { QuestionEmbedded } from '../reranker.port.js';
import { LATE_INTERACTION } from './late-interaction.parameters.js';
import type { Meeting } from './matches.js';
import type { ScorerMessage, ScorerResult } from './scorer.worker.js';
import { SharedBytes } from './shared-bytes.js';

/** What the passages of one question are shared out among: comparing 50 takes some 10 ms of a core. */
const MOST_THREADS = 2;

/** @returns what each of a question's tokens counts, the more the higher */
export function tokenWeights({ weights }: QuestionStates): Float32Array {
  return weights.map((weight) => weight ** LATE_INTERACTION.weightExponent);
}

/** Shared memories that are kept for the next searches. */
const MOST_IDLE = 4;

/** Passages that are worth a thread. */
const LEAST_OF_THREAD = 8;

/** Compares questions with passages token by token, in threads of its own. */
@Injectable()
export class TokenScorer implements OnModuleDestroy {
  private readonly threads = Array.from(
    { length: Math.min(MOST_THREADS, availableParallelism()) },
    () => new Thread<ScorerMessage, ScorerResult>(import.meta.url, 'scorer', undefined),
  );

  /** Those that no search uses: with new ones for each, full collections of garbage took a tenth of a search's time. */
  private readonly idle: SharedBytes[] = [];

  /**
   * @param give is called with what takes the states of a passage, packed, of the embedder that the question was embedded
   *   with
   * @returns how each meets the question, in the order in which they were given
   */
  async meet(
    { dimension, states }: Pick<QuestionEmbedded, 'dimension' | 'states'>,
    give: (add: (passage: Uint8Array) => void) => Promise<void> | void,
  ): Promise<Meeting[]> {
    const passages = this.idle.pop() ?? new SharedBytes();
    await give((passage) => passages.add(passage));
    const weights = tokenWeights(states);
    const each = Math.max(LEAST_OF_THREAD, Math.ceil(passages.count / this.threads.length));
    const parts = await Promise.all(
      this.threads.map((thread, i) => {
        const { packed, lengths } = passages.part(i * each, (i + 1) * each);
        if (lengths.length === 0) return [];
        return askTwice(thread, { question: states.values, weights, dimension, packed, lengths });
      }),
    );
    // Only now does no thread read it any more.
    passages.clear();
    if (this.idle.length < MOST_IDLE) this.idle.push(passages);
    return parts.flat();
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.close()));
  }
}
