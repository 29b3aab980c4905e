import { toSimplified } from '../../text/simplified.js';
import type { Candidate } from './candidates.js';
import type { ScoredCandidate } from './model.js';
import { EXTRACTIVE_PARAMETERS as P } from './parameters.js';

/** What begins a sentence that is about something named in the one before it. */
const POINTS_BACK =
  /^(?:it|he|she|they|this|that|these|those|its|his|her|their|such|both|here|there)\b|^(?:它|他|她|这|该|此|其|那|两者|前者|后者|二者)/iu;

/**
 * The sentences that make the answer: the best, and one that comes close to it without repeating it. What stands beside
 * the best one is taken sooner than others: it completes it, above all where the best one points back to it.
 * @param scored best first
 */
export function choose(scored: readonly ScoredCandidate[]): ScoredCandidate[] {
  const [best, ...others] = scored;
  if (!best) return [];
  const pointsBack = POINTS_BACK.test(toSimplified(best.text));
  const behind = (other: ScoredCandidate): number =>
    best.score - other.score - besides(best, other, pointsBack);
  const [second] = others.filter((other) => !repeats(best, other)).sort((a, b) => behind(a) - behind(b));
  return second && behind(second) <= P.second.within ? [best, second] : [best];
}

/** @returns what a sentence's place beside the best one adds to its score */
function besides(best: Candidate, other: Candidate, pointsBack: boolean): number {
  if (other.passage !== best.passage) return 0;
  if (other.order === best.order + 1) return P.second.after;
  if (other.order !== best.order - 1) return 0;
  return pointsBack ? P.second.pointedTo : P.second.before;
}

function repeats(a: Candidate, b: Candidate): boolean {
  const shared = [...a.words].filter((word) => b.words.has(word)).length;
  const all = a.words.size + b.words.size - shared;
  return all === 0 ? a.text === b.text : shared / all > P.repeats;
}
