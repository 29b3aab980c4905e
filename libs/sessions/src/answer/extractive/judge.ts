import type { QuestionTokens } from '@midplane/contracts';
import type { Lexicon } from '@midplane/kernel';
import type { Passage } from '../passage.js';
import { type AnswerSignals, signalsOf } from './answer-signals.js';
import { candidatesOf } from './candidates.js';
import { answerProbability, rank, type ScoredCandidate } from './model.js';
import { preferAsked, shareInLabel } from './prefer-asked.js';
import { EXTRACTIVE_PARAMETERS as P } from './parameters.js';
import { rowsOfOthers } from './rows-of-others.js';
import { describe, type DescribedCandidate } from './sentence-features.js';

/** How likely passages hold an answer. */
interface Likelihood {
  /** Undefined where there is no sentence at all. */
  signals: AnswerSignals | undefined;
  /** That the passages hold the answer, 0–1. */
  probability: number;
}

/** What the sentences of passages are worth as an answer. */
export interface Judgement extends Likelihood {
  /** In the order of the passages. */
  candidates: DescribedCandidate[];
  /** Best first. */
  scored: ScoredCandidate[];
}

/**
 * @param question understandable by itself
 * @param tokens of the question, as the hits' alignments mean them
 * @param lexicon of what its words mean in the other language
 */
export function judge(
  question: string,
  tokens: QuestionTokens | undefined,
  passages: readonly Passage[],
  lexicon: Lexicon,
): Judgement {
  const all = candidatesOf(passages);
  const named = new Set(
    all.filter(({ label }) => shareInLabel(question, label) > 0.5).map(({ passage }) => passage),
  );
  // A form that has what is asked as a label is read wherever it was found: its many other fields push it down.
  const read = passages.filter((passage, i) => i < P.passages || named.has(passage));
  const candidates = describe(
    question,
    tokens,
    read,
    all.filter(({ passage }) => read.includes(passage)),
    lexicon,
  );
  const ofOthers = rowsOfOthers(question, read, candidates);
  const ranked = rank(candidates.filter((candidate) => !ofOthers.has(candidate)));
  const scored = preferAsked(question, ranked);
  // What comes closest is shown all the same.
  if (scored.length === 0)
    return { candidates, scored: rank(candidates), signals: undefined, probability: 0 };
  // What rules put first may look less likely than what the net did: either shows that there is an answer.
  const [first, other] = [scored, ranked].map((order) => {
    const signals = signalsOf(question, order, passages);
    return { signals, probability: answerProbability(signals) };
  }) as [Likelihood, Likelihood];
  return { candidates, scored, ...(other.probability > first.probability ? other : first) };
}
