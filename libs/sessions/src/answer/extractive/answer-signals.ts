import { crossesScripts, detectLanguage } from '../../text/language.js';
import { type Passage, textsOf } from '../passage.js';
import type { ScoredCandidate } from './model.js';
import { namesMissing } from './names-missing.js';
import { EXTRACTIVE_PARAMETERS as P } from './parameters.js';
import type { Features, SentenceFeature } from './sentence-features.js';

/** What of the sentence that answers best also tells whether it answers at all. */
const OF_THE_SENTENCE = [
  'closeness',
  'beforeAdds',
  'metWell',
  'shareInPassage',
  'earlier',
  'besideBehind',
  'coverage',
  'coverageBehind',
  'passageBehind',
  'lacks',
  'showsYear',
  'counts',
  'news',
  'sentences',
  'translated',
] as const satisfies readonly SentenceFeature[];

/**
 * What tells whether the passages hold the answer at all. Nothing here may come from a hit's rank among all that was
 * found, or from scores that are scaled to the best hit: with the gold passage taken out no hit has rank 1, which says so
 * in an evaluation and never to a user.
 */
export const ANSWER_FEATURES = [
  ...OF_THE_SENTENCE,
  /** Logarithm of how many sentences answer about as well: 0 where the best one is far ahead of all others. */
  'rivals',
  /** Score of the best passage in the sentence's language, and how far the second one is behind it. */
  'passage',
  'passageAhead',
  /** Cosine of the sentence's passage, and how far it rises above that of the last passage in its language. */
  'cosine',
  'cosineRise',
  /** Share of the question's names that no passage that was read holds. */
  'namesMissing',
] as const;
export type AnswerFeature = (typeof ANSWER_FEATURES)[number];

/** What is looked at to tell whether the passages hold the answer. */
export interface AnswerSignals {
  features: Features<AnswerFeature>;
  /** The best sentence is in another script than the question, so that words can't meet. */
  across: boolean;
}

/** @param scored best first, at least one */
export function signalsOf(
  question: string,
  scored: readonly ScoredCandidate[],
  passages: readonly Passage[],
): AnswerSignals {
  const best = scored[0]!;
  // Scores and cosines of one language say nothing of those of the other.
  const language = detectLanguage(best.passage.text);
  const alike = passages.filter(({ text }) => detectLanguage(text) === language);
  const scores = alike.map(({ hit }) => hit.score).sort((a, b) => b - a);
  const cosines = alike.flatMap(({ hit }) => hit.trace.vectorScore ?? []);
  const read = [best.passage, ...passages.slice(0, P.passages)];
  const cosine = best.passage.hit.trace.vectorScore ?? 0;
  const ofTheSentence = Object.fromEntries(
    OF_THE_SENTENCE.map((name) => [name, best.features[name]]),
  ) as Features<(typeof OF_THE_SENTENCE)[number]>;
  return {
    features: {
      ...ofTheSentence,
      rivals: Math.log(scored.reduce((sum, { score }) => sum + Math.exp(score - best.score), 0)),
      passage: scores[0] ?? 0,
      passageAhead: scores.length > 1 ? scores[0]! - scores[1]! : 0,
      cosine,
      cosineRise: cosines.length > 1 ? cosine - Math.min(...cosines) : 0,
      namesMissing: namesMissing(question, read.flatMap(textsOf), language),
    },
    across: crossesScripts(question, best.text),
  };
}
