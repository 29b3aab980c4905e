import { crossesScripts } from '../../text/language.js';
import { toSimplified } from '../../text/simplified.js';
import { contentWords } from '../../text/words.js';
import { formOf } from './answer-form.js';
import type { Candidate } from './candidates.js';
import type { ScoredCandidate } from './model.js';
import { EXTRACTIVE_PARAMETERS as P } from './parameters.js';
import { shareInLabel } from './prefer-asked.js';

/** What begins a sentence that is about something named in the one before it. */
const POINTS_BACK =
  /^(?:it|he|she|they|this|that|these|those|its|his|her|their|such|both|here|there)\b|^(?:它|他|她|这|该|此|其|那|两者|前者|后者|二者)/iu;

/**
 * The sentences that make the answer: the best, and one that comes close to it without repeating it. What stands beside
 * the best one is taken sooner than others: it completes it, above all where the best one points back to it. A row of a
 * table says by itself what it says: another row, or what another passage holds, comes only where it is asked for or
 * nearly as good; asked for and of the same passage, a row comes sooner, as of a form that names who is asked about in
 * one row and says what is asked in another. What another document says in another language comes only where it is
 * nearly as good: who can read it need not be able to read both.
 * @param question understandable by itself
 * @param scored best first
 */
export function choose(question: string, scored: readonly ScoredCandidate[]): ScoredCandidate[] {
  const [best, ...others] = scored;
  if (!best) return [];
  const pointsBack = POINTS_BACK.test(toSimplified(best.text));
  const asksFor = askedBeside(question, best);
  const behind = (other: ScoredCandidate): number => {
    const distance = best.score - other.score;
    const { passage, isRow } = other;
    if (crossesScripts(best.text, other.text) && passage.hit.documentId !== best.passage.hit.documentId)
      return distance + P.second.otherLanguage;
    if (best.isRow && (isRow || passage !== best.passage)) {
      if (!asksFor(other)) return distance + P.second.unaskedRow;
      return distance - (isRow && passage === best.passage ? P.second.askedRow : 0);
    }
    return distance - besides(best, other, pointsBack);
  };
  const [second] = others.filter((other) => !repeats(best, other)).sort((a, b) => behind(a) - behind(b));
  return second && behind(second) <= P.second.within ? [best, second] : [best];
}

/**
 * @returns what tells whether another one is asked for beside the best row: it has a word of the question that is not
 *   there; or several are asked for, and the question does not say which by their labels
 */
function askedBeside(question: string, best: Candidate): (other: Candidate) => boolean {
  const any = formOf(question).several && shareInLabel(question, best.label) === 0;
  const missing = contentWords(question).filter((word) => !best.words.has(word));
  return (other) => any || missing.some((word) => other.words.has(word));
}

/** @returns what a sentence's place beside the best one adds to its score */
function besides(best: Candidate, other: Candidate, pointsBack: boolean): number {
  if (other.passage !== best.passage) return 0;
  if (other.order === best.order + 1) return P.second.after;
  if (other.order !== best.order - 1) return 0;
  return pointsBack ? P.second.pointedTo : P.second.before;
}

/** Whether one says what the other does, as a copy of it in another document. */
function repeats(a: Candidate, b: Candidate): boolean {
  if (a.text === b.text) return true;
  const shared = [...a.words].filter((word) => b.words.has(word)).length;
  const all = a.words.size + b.words.size - shared;
  return all > 0 && shared / all > P.repeats;
}
