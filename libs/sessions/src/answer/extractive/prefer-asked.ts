import { crossesScripts } from '../../text/language.js';
import { numbersIn } from '../../citation/facts.js';
import { contentWords } from '../../text/words.js';
import { formOf } from './answer-form.js';
import { durationsIn } from './durations.js';
import type { ScoredCandidate } from './model.js';
import { EXTRACTIVE_PARAMETERS as P } from './parameters.js';

/**
 * Puts first what the net, which compares a sentence with a question by meanings and stems, can't tell apart: the row
 * whose label the question holds word for word ("estimator" is no "estimate"), the sentence that has a number of what
 * is counted (几天: 十五天, and not 三月三十一日), the sentence in the other language with the question's own length of time
 * ("ten years" is 十年 and not 十天), and of two sentences that say the same the one in the question's language.
 * @param scored best first
 * @returns the same candidates with their scores mended, best first
 */
export function preferAsked(question: string, scored: readonly ScoredCandidate[]): ScoredCandidate[] {
  const durations = durationsIn(question);
  const mended = scored
    .map((candidate) => ({
      ...candidate,
      score:
        candidate.score +
        P.askedLabel * shareInLabel(question, candidate.label) +
        (crossesScripts(question, candidate.text)
          ? P.askedDuration * shareHeld(durations, durationsIn(candidate.text))
          : 0),
    }))
    .sort((a, b) => b.score - a.score);
  const { counted } = formOf(question);
  const first = counted ? putFirst(mended, P.askedCount, ({ text }) => counted.test(text)) : mended;
  const [best] = first;
  if (!best || !crossesScripts(question, best.text)) return first;
  return putFirst(
    first,
    P.second.within,
    ({ text }) => !crossesScripts(question, text) && saysTheSame(best.text, text),
  );
}

/**
 * @param scored best first
 * @returns the same, and first the best one of its kind, where that is at most so far behind the best
 */
function putFirst(
  scored: readonly ScoredCandidate[],
  within: number,
  isKind: (candidate: ScoredCandidate) => boolean,
): ScoredCandidate[] {
  const [best] = scored;
  const found = scored.find((other) => best!.score - other.score <= within && isKind(other));
  if (!found) return [...scored];
  return [{ ...found, score: best!.score }, ...scored.filter((other) => other !== found)];
}

/** @returns the share (0–1) of the question's words that a label holds; 0 unless the question holds all of the label */
export function shareInLabel(question: string, label: string | undefined): number {
  if (!label || !holds(question, label)) return 0;
  return shareHeld(new Set(contentWords(question)), new Set(contentWords(label)));
}

/** @returns the share (0–1) of what is asked that is held; 0 where nothing is */
function shareHeld(asked: ReadonlySet<string>, held: ReadonlySet<string>): number {
  return asked.size > 0 ? [...asked].filter((each) => held.has(each)).length / asked.size : 0;
}

/** Whether a question holds a label as it is written, but for case: of words, whole ones. */
function holds(question: string, label: string): boolean {
  const [whole, part] = [question, label].map((text) => text.normalize('NFKC').toLowerCase());
  if (/\p{Script=Han}/u.test(part!)) return whole!.includes(part!);
  const words = (text: string): string => ` ${(text.match(/[\p{L}\p{N}]+/gu) ?? []).join(' ')} `;
  return words(part!).trim() !== '' && words(whole!).includes(words(part!));
}

/** Whether two sentences of different languages say the same, as far as it shows: they state the same numbers, and some. */
function saysTheSame(a: string, b: string): boolean {
  const [ofA, ofB] = [numbersIn(a, true), numbersIn(b, true)];
  return ofA.size > 0 && ofA.size === ofB.size && [...ofA].every((number) => ofB.has(number));
}
