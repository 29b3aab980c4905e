import type { QuestionTokens } from '@midplane/contracts';
import { crossesScripts, detectLanguage } from '../../text/language.js';
import type { Passage } from '../passage.js';
import { HitAlignment } from './alignment.js';
import { expectationOf, showsExpected } from './answer-type.js';
import type { Candidate } from './candidates.js';
import { QuestionWeights } from './question-weights.js';

/** What tells how likely a sentence answers. All are 0–1 or a little beyond, so that their weights can be compared. */
export const SENTENCE_FEATURES = [
  /** How well its own tokens meet the question's. */
  'closeness',
  /** How far that is behind the closest sentence of all. */
  'behind',
  /** The same closeness with the sentences before and after. */
  'around',
  /** Share of the question's weight in words that it holds. */
  'coverage',
  /** How far that is behind the sentence that holds most. */
  'coverageBehind',
  /** How far its passage's score is behind the best passage's. */
  'passageBehind',
  /** It shows what the question asks for: a number, a name, a place; and: it was asked for and is not there. */
  'shows',
  'lacks',
  /** Share of its words that are not the question's own: what only repeats the question answers nothing. */
  'news',
  /** Logarithm of its length in words. */
  'length',
  /** It is the first of its passage. */
  'first',
] as const;
export type SentenceFeature = (typeof SENTENCE_FEATURES)[number];
export type Features<Name extends string> = Record<Name, number>;

/** A candidate with what tells how likely it answers. */
export interface DescribedCandidate extends Candidate {
  features: Features<SentenceFeature>;
}

/** From so many words on a sentence counts as long: their logarithm is scaled to 1. */
const LONG = Math.log(60);

/**
 * @param question understandable by itself
 * @param tokens of the question, as the hits' alignments mean them
 */
export function describe(
  question: string,
  tokens: QuestionTokens | undefined,
  passages: readonly Passage[],
  candidates: readonly Candidate[],
): DescribedCandidate[] {
  const weights = new QuestionWeights(question, candidates);
  const expectation = expectationOf(question);
  const alignments = new Map(passages.map(({ hit }) => [hit, new HitAlignment(hit, tokens)]));
  const seen = candidates.map((candidate, i) => {
    const alignment = alignments.get(candidate.passage.hit)!;
    const neighbours = [candidates[i - 1], candidate, candidates[i + 1]].filter(
      (each) => each?.passage === candidate.passage,
    );
    return {
      closeness: alignment.closeness(candidate.spans),
      around: alignment.closeness(neighbours.flatMap((each) => each!.spans)),
      coverage: weights.coverage(candidate.words),
    };
  });
  const closest = Math.max(0, ...seen.map(({ closeness }) => closeness));
  const mostCovered = Math.max(0, ...seen.map(({ coverage }) => coverage));
  const bestScore = Math.max(0, ...passages.map(({ hit }) => hit.score));
  const asksForMore = expectation.type !== 'other';
  return candidates.map((candidate, i) => {
    const { closeness, around, coverage } = seen[i]!;
    const shows = asksForMore && showsExpected(candidate.text, expectation);
    const words = [...candidate.words];
    const own = words.filter((word) => !weights.words.has(word)).length;
    return {
      ...candidate,
      features: {
        closeness,
        behind: closest - closeness,
        around,
        coverage,
        coverageBehind: mostCovered - coverage,
        passageBehind: bestScore - candidate.passage.hit.score,
        shows: Number(shows),
        lacks: Number(asksForMore && !shows),
        news: words.length > 0 ? own / words.length : 0,
        length: Math.log(1 + words.length) / LONG,
        first: Number(candidate.order === 0),
      },
    };
  });
}

/** What tells whether the passages hold the answer at all. */
export const ANSWER_FEATURES = [
  /** Of the sentence that answers best, as above. */
  'closeness',
  'around',
  'coverage',
  'lacks',
  'news',
  /** Score of the best passage in the sentence's language, and how far the second one is behind it. */
  'passage',
  'passageAhead',
  /** Cosine of the sentence's passage, and how far it rises above that of the last passage in its language. */
  'cosine',
  'cosineRise',
  /** How far the sentence's closeness rises above the middle one. */
  'rise',
  /** Both channels found the sentence's passage; both had it first. */
  'agreed',
  'bothFirst',
] as const;
export type AnswerFeature = (typeof ANSWER_FEATURES)[number];

/** What is looked at to tell whether the passages hold the answer. */
export interface AnswerSignals {
  features: Features<AnswerFeature>;
  /** The best sentence is in another script than the question, so that words can't meet. */
  across: boolean;
}

/** @param best the sentence that answers best, one of `candidates` */
export function signalsOf(
  question: string,
  best: DescribedCandidate,
  candidates: readonly DescribedCandidate[],
  passages: readonly Passage[],
): AnswerSignals {
  const written = detectLanguage(best.text);
  // Scores and cosines of one language say nothing of those of the other.
  const language = detectLanguage(best.passage.text);
  const alike = passages.filter(({ text }) => detectLanguage(text) === language);
  const scores = alike.map(({ hit }) => hit.score).sort((a, b) => b - a);
  const cosines = alike.flatMap(({ hit }) => hit.trace.vectorScore ?? []);
  const closeness = candidates
    .filter(({ text }) => detectLanguage(text) === written)
    .map(({ features }) => features.closeness)
    .sort((a, b) => b - a);
  const { trace } = best.passage.hit;
  return {
    features: {
      closeness: best.features.closeness,
      around: best.features.around,
      coverage: best.features.coverage,
      lacks: best.features.lacks,
      news: best.features.news,
      passage: scores[0] ?? 0,
      passageAhead: scores.length > 1 ? scores[0]! - scores[1]! : 0,
      cosine: trace.vectorScore ?? 0,
      cosineRise: cosines.length > 1 ? (trace.vectorScore ?? 0) - Math.min(...cosines) : 0,
      rise: best.features.closeness - (closeness[closeness.length >> 1] ?? 0),
      agreed: Number(trace.lexicalRank !== null && trace.vectorRank !== null),
      bothFirst: Number(trace.lexicalRank === 1 && trace.vectorRank === 1),
    },
    across: crossesScripts(question, best.text),
  };
}
