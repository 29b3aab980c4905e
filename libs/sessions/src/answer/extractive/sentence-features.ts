import type { QuestionTokens } from '@midplane/contracts';
import { type Lexicon, TranslatedCoverage } from '@midplane/kernel';
import { crossesScripts } from '../../text/language.js';
import { contentWords } from '../../text/words.js';
import type { Passage } from '../passage.js';
import { closenessOf, HitAlignment } from './alignment.js';
import { enumerates, formOf, namesKind, showsYear } from './answer-form.js';
import { expectationOf, showsExpected } from './answer-type.js';
import { askedTokens } from './asked-tokens.js';
import type { Candidate } from './candidates.js';
import { Contest } from './contest.js';
import { QuestionWeights } from './question-weights.js';

/** What tells how likely a sentence answers. All are about 0–1 or −1–1. */
export const SENTENCE_FEATURES = [
  /** How well its own tokens meet the question's, by their weights. */
  'closeness',
  /** Shares of the question's weight that are met by a cosine above .5, and above .65. */
  'met',
  'metWell',
  /** Share of the question's weight that it meets best: of all sentences, and of its passage's. */
  'share',
  'shareInPassage',
  /** Shares of the question's weight that its passage meets best before it, and after it. */
  'earlier',
  'later',
  /** Closeness of the sentence before, and what that one adds to its own. */
  'before',
  'beforeAdds',
  /** Closeness to what stands beside the words that ask; how far that, and that to these words, is behind the best. */
  'beside',
  'besideBehind',
  'askingBehind',
  /** Share of its tokens that meet some token of the question. */
  'repeats',
  /** Share of the question's weight in words that it holds, and that the sentences before and after it hold. */
  'coverage',
  'coverageBefore',
  'coverageAfter',
  /** How far it is behind the sentence that holds most: of all, and of its passage's. */
  'coverageBehind',
  'coverageBehindInPassage',
  /** Score of its passage, how far that is behind the best passage's, and whether it is the first. */
  'passage',
  'passageBehind',
  'passageFirst',
  /** Logarithms of the sentences of its passage, and of its own tokens. */
  'sentences',
  'length',
  /** It is the first of its passage. */
  'first',
  /** Share of its words that are not the question's own: what only repeats the question answers nothing. */
  'news',
  /** It shows what the question asks for: a number, a name, a place; and: it was asked for and is not there. */
  'shows',
  'lacks',
  /** The same of a year. */
  'showsYear',
  'lacksYear',
  /** A number of what the question counts. */
  'counts',
  /** It names nothing of the kind asked for. */
  'lacksKind',
  /** Several things were asked for: how long an enumeration it holds. */
  'enumerates',
  /** It is in another script than the question: it can't be as close as one in the same. */
  'across',
  /** Share of the question's weight that it holds by translation, where it is in another script. */
  'translated',
] as const;
export type SentenceFeature = (typeof SENTENCE_FEATURES)[number];
export type Features<Name extends string> = Record<Name, number>;

/** A candidate with what tells how likely it answers. */
export interface DescribedCandidate extends Candidate {
  features: Features<SentenceFeature>;
}

/** Logarithms of counts are divided by these: 150 tokens and 20 sentences make 1. */
const LONG = Math.log(150);
const MANY = Math.log(20);
/** Cosines from which on a token of the question counts as met, and as met well. */
const MET = 0.5;
const MET_WELL = 0.65;

/**
 * Compares the sentences with the question and with one another.
 * @param question understandable by itself
 * @param tokens of the question, as the hits' alignments mean them
 * @param candidates of these passages, in their order
 * @param lexicon of the other language's words
 */
export function describe(
  question: string,
  tokens: QuestionTokens | undefined,
  passages: readonly Passage[],
  candidates: readonly Candidate[],
  lexicon: Lexicon,
): DescribedCandidate[] {
  const weights = tokens?.weights ?? [];
  const words = new QuestionWeights(question, candidates);
  const { asking, beside } = askedTokens(question, tokens ?? { starts: [], weights: [] });
  const alignments = new Map(passages.map(({ hit }) => [hit, new HitAlignment(hit, tokens)]));
  const translated = translatedShares(question, candidates, lexicon);
  const seen = candidates.map((candidate, i) => {
    const meeting = alignments.get(candidate.passage.hit)!.meeting(candidate.spans);
    return {
      ...candidate,
      meeting,
      closeness: closenessOf(meeting.best, weights),
      asking: closenessOf(meeting.best, asking),
      beside: closenessOf(meeting.best, beside),
      coverage: words.coverage(candidate.words),
      translated: translated[i]!,
    };
  });
  const contest = new Contest(
    seen.map(({ meeting }) => meeting),
    weights,
  );
  const best = {
    asking: Math.max(0, ...seen.map((each) => each.asking)),
    beside: Math.max(0, ...seen.map((each) => each.beside)),
    coverage: Math.max(0, ...seen.map((each) => each.coverage)),
    passage: Math.max(0, ...passages.map(({ hit }) => hit.score)),
  };
  const showing = shownBy(question);
  return passages.flatMap((passage, rank) => {
    const own = seen.filter((each) => each.passage === passage);
    const within = new Contest(
      own.map(({ meeting }) => meeting),
      weights,
    );
    const mostCovered = Math.max(0, ...own.map(({ coverage }) => coverage));
    return own.map((each, i) => {
      const { meeting, closeness, asking, beside, coverage, translated, ...candidate } = each;
      const [before, after] = [own[i - 1], own[i + 1]];
      const news = [...candidate.words].filter((word) => !words.words.has(word)).length;
      return {
        ...candidate,
        features: {
          closeness,
          met: closenessOf(above(MET, meeting.best), weights),
          metWell: closenessOf(above(MET_WELL, meeting.best), weights),
          share: contest.share(meeting),
          shareInPassage: within.share(meeting),
          ...within.around(i),
          before: before?.closeness ?? 0,
          beforeAdds: before
            ? closenessOf(greater(before.meeting.best, meeting.best), weights) - closeness
            : 0,
          beside,
          besideBehind: best.beside - beside,
          askingBehind: best.asking - asking,
          repeats: meeting.met,
          coverage,
          coverageBefore: before?.coverage ?? 0,
          coverageAfter: after?.coverage ?? 0,
          coverageBehind: best.coverage - coverage,
          coverageBehindInPassage: mostCovered - coverage,
          passage: passage.hit.score,
          passageBehind: best.passage - passage.hit.score,
          passageFirst: Number(rank === 0),
          sentences: Math.log(own.length) / MANY,
          length: Math.log(1 + meeting.tokens) / LONG,
          first: Number(i === 0),
          news: candidate.words.size > 0 ? news / candidate.words.size : 0,
          ...showing(candidate.text),
          across: Number(crossesScripts(question, candidate.text)),
          translated,
        },
      };
    });
  });
}

/** @returns the share of the question that each candidate in another script holds by translation; of others 0 */
function translatedShares(question: string, candidates: readonly Candidate[], lexicon: Lexicon): number[] {
  const coverage = new TranslatedCoverage(lexicon, [...new Set(contentWords(question))]);
  const others = candidates.filter(({ text }) => crossesScripts(question, text));
  for (const { words } of others) coverage.add([...words]);
  const shares = new Map(coverage.shares().map((share, i) => [others[i], share]));
  return candidates.map((candidate) => shares.get(candidate) ?? 0);
}

/** @returns what tells of a sentence whether it shows what a question asks for */
function shownBy(question: string) {
  const expectation = expectationOf(question);
  const { year, several, kind, counted } = formOf(question);
  const asks = expectation.type !== 'other';
  return (sentence: string) => {
    const shows = asks && showsExpected(sentence, expectation);
    const inYear = year && showsYear(sentence);
    return {
      shows: Number(shows),
      lacks: Number(asks && !shows),
      showsYear: Number(inYear),
      lacksYear: Number(year && !inYear),
      counts: Number(counted?.test(sentence) ?? false),
      lacksKind: Number(kind !== undefined && !namesKind(sentence, kind)),
      enumerates: several ? enumerates(sentence) : 0,
    };
  };
}

/** 1 for each cosine above the least, else 0. */
const above = (least: number, best: Float32Array): Float32Array =>
  best.map((cosine) => Number(cosine > least));

const greater = (a: Float32Array, b: Float32Array): Float32Array =>
  a.map((value, i) => Math.max(value, b[i]!));
