import type { Ranking } from '@midplane/contracts';
import { Injectable } from '@nestjs/common';
import { coverageOf } from '../../fusion/fuse.js';
import type { Reranker, Reranking, RerankRequest } from '../reranker.port.js';
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
    weights,
    candidates,
    reach,
    ranking,
  }: RerankRequest): Promise<Reranking | null> {
    if (!question || question.states.starts.length === 0) return null;
    const ids = candidates.map(({ chunkId }) => chunkId);
    const alignments = await this.aligner.align(scope, question, { words, weights }, ids);
    const scored = new Map(
      [...alignments].map(([chunkId, alignment]) => [
        chunkId,
        { score: closenessScore(alignment, reach, ranking), alignment },
      ]),
    );
    return { by: this.name, scored };
  }
}

/** What a score is made of. */
export type Closeness = Pick<Alignment, 'closeness' | 'across' | 'lexical' | 'translated'>;

/**
 * The closeness of question and passage, and the passage's coverage, as shares of 1; lifted as far as they are in
 * different scripts, where neither can be high, and by what it holds of the question in translation.
 */
export function closenessScore(
  { closeness, across, lexical, translated }: Closeness,
  reach: number,
  { coverage }: Pick<Ranking, 'coverage'>,
): number {
  const { unrelated, rise, most, translation } = LATE_INTERACTION.across;
  const score =
    (closeness + coverage * coverageOf(lexical, reach)) / (1 + coverage) +
    across * translation.weight * (translated - translation.unrelated);
  return Math.max(0, Math.min(1, score + across * Math.min(most, Math.max(0, rise * (score - unrelated)))));
}
