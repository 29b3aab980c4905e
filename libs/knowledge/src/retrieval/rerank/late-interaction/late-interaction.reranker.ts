import { Injectable } from '@nestjs/common';
import { coverageOf } from '../../fusion/fuse.js';
import type { Reranked, Reranker, RerankRequest } from '../reranker.port.js';
import { LATE_INTERACTION } from './late-interaction.parameters.js';
import { type Alignment, TokenAligner } from './token-aligner.js';

/**
 * Scores passages by how well each token of the question is met by some token of the passage, out of the states that
 * ingest has kept (Khattab and Zaharia, "ColBERT", SIGIR 2020): no second model, and nothing to compute but sums.
 */
@Injectable()
export class LateInteractionReranker implements Reranker {
  readonly name = 'late-interaction';
  readonly limit = LATE_INTERACTION.candidates;

  constructor(private readonly aligner: TokenAligner) {}

  async rerank({
    scope,
    question,
    words,
    candidates,
    reach,
  }: RerankRequest): Promise<Map<string, Reranked> | null> {
    if (!question || question.states.starts.length === 0) return null;
    const ids = candidates.map(({ chunkId }) => chunkId);
    const alignments = await this.aligner.align(scope, question, words, ids);
    return new Map(
      [...alignments].map(([chunkId, alignment]) => [
        chunkId,
        { score: scoreOf(alignment, question.states.weights, reach), alignment },
      ]),
    );
  }
}

/**
 * The weighted mean of the question tokens' best cosines, and the passage's coverage, as shares of 1.
 * @param weights of the question's tokens
 */
export function scoreOf({ best, lexical }: Alignment, weights: Float32Array, reach: number): number {
  const { weightExponent, coverage } = LATE_INTERACTION;
  let sum = 0;
  let total = 0;
  for (const [i, cosine] of best.cosines.entries()) {
    const weight = weights[i]! ** weightExponent;
    sum += weight * cosine;
    total += weight;
  }
  const mean = total > 0 ? Math.max(0, sum / total) : 0;
  return (mean + coverage * coverageOf(lexical, reach)) / (1 + coverage);
}
