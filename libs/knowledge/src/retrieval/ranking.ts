import type { Ranking } from '@midplane/contracts';
import type { SearchedBase } from './candidates/candidate.repository.js';
import { FUSION } from './fusion/fusion.parameters.js';
import { LATE_INTERACTION } from './rerank/late-interaction/late-interaction.parameters.js';

/** How a knowledge base is ranked that has no parameters of its own. */
export const DEFAULT_RANKING: Ranking = {
  lexicalWeight: FUSION.lexicalWeight,
  coverage: LATE_INTERACTION.coverage,
};

/** @returns the ranking that all searched knowledge bases have; the default one where they differ */
export function rankingOf(bases: readonly Pick<SearchedBase, 'ranking'>[]): Ranking {
  const [first, ...others] = bases.map(({ ranking }) => ranking ?? DEFAULT_RANKING);
  return first && others.every((other) => isSameRanking(other, first)) ? first : DEFAULT_RANKING;
}

export const isSameRanking = (a: Ranking, b: Ranking): boolean =>
  a.lexicalWeight === b.lexicalWeight && a.coverage === b.coverage;
