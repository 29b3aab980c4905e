import { availableParallelism } from 'node:os';
import type { QuestionStates } from '@midplane/contracts';
import { askTwice, Thread } from '@midplane/kernel';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { QuestionEmbedded } from '../reranker.port.js';
import { LATE_INTERACTION } from './late-interaction.parameters.js';
import type { Meeting } from './matches.js';
import type { ScorerMessage, ScorerResult } from './scorer.worker.js';

/** What the passages of one question are shared out among: comparing 50 takes some 10 ms of a core. */
const MOST_THREADS = 2;

/** @returns what each of a question's tokens counts, the more the higher */
export function tokenWeights({ weights }: QuestionStates): Float32Array {
  return weights.map((weight) => weight ** LATE_INTERACTION.weightExponent);
}

/** Passages that are worth a thread. */
const LEAST_OF_THREAD = 8;

/** Compares questions with passages token by token, in threads of its own. */
@Injectable()
export class TokenScorer implements OnModuleDestroy {
  private readonly threads = Array.from(
    { length: Math.min(MOST_THREADS, availableParallelism()) },
    () => new Thread<ScorerMessage, ScorerResult>(import.meta.url, 'scorer', undefined),
  );

  /** @param passages states of each, packed, of the embedder that the question was embedded with */
  async meet(
    { dimension, states }: Pick<QuestionEmbedded, 'dimension' | 'states'>,
    passages: Uint8Array[],
  ): Promise<Meeting[]> {
    const weights = tokenWeights(states);
    const each = Math.max(LEAST_OF_THREAD, Math.ceil(passages.length / this.threads.length));
    const parts = await Promise.all(
      this.threads.map((thread, i) => {
        const own = passages.slice(i * each, (i + 1) * each);
        if (own.length === 0) return [];
        const lengths = own.map(({ length }) => length);
        // Each passage may be a view on bytes of all, which would be copied for the thread with it.
        const packed = Buffer.concat(own);
        return askTwice(thread, { question: states.values, weights, dimension, packed, lengths });
      }),
    );
    return parts.flat();
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.close()));
  }
}
