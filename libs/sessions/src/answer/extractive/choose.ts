import { toSimplified } from '../../text/simplified.js';
import type { Candidate } from './candidates.js';
import type { DescribedCandidate } from './features.js';
import type { ScoredCandidate } from './model.js';
import { EXTRACTIVE_PARAMETERS as P } from './parameters.js';

/** What begins a sentence that is about something named in the one before it. */
const POINTS_BACK =
  /^(?:it|he|she|they|this|that|these|those|its|his|her|their|such|both|here|there)\b|^(?:它|他|她|这|该|此|其|那|两者|前者|后者|二者)/iu;

/**
 * The sentences that make the answer: the best, and what comes close to it without repeating it; the best first, the
 * others in the order in which they stand in their sources. Where the best one points back to the sentence before it,
 * that one comes along.
 * @param scored best first
 * @param all the candidates in the order of their passages
 */
export function choose(
  scored: readonly ScoredCandidate[],
  all: readonly DescribedCandidate[],
): DescribedCandidate[] {
  const [best, ...others] = scored;
  if (!best) return [];
  const chosen: DescribedCandidate[] = [best];
  const before = all.find((each) => each.passage === best.passage && each.order === best.order - 1);
  if (before && POINTS_BACK.test(toSimplified(best.text))) chosen.push(before);
  for (const other of others) {
    if (chosen.length >= P.further.most || best.score - other.score > P.further.within) break;
    if (!chosen.some((taken) => repeats(taken, other))) chosen.push(other);
  }
  const rest = chosen.slice(1).sort((a, b) => a.passage.number - b.passage.number || a.order - b.order);
  return [best, ...rest];
}

function repeats(a: Candidate, b: Candidate): boolean {
  const shared = [...a.words].filter((word) => b.words.has(word)).length;
  const all = a.words.size + b.words.size - shared;
  return all === 0 ? a.text === b.text : shared / all > P.repeats;
}
