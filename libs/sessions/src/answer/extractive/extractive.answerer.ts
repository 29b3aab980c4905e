import type { QuestionTokens } from '@midplane/contracts';
import { checkVerbatim } from '../../citation/check.js';
import { detectLanguage } from '../../text/language.js';
import type { Answerer, AnswerOutcome, AnswerRequest } from '../answerer.port.js';
import type { Passage } from '../passage.js';
import { phrase } from '../phrases.js';
import { type Candidate, candidatesOf } from './candidates.js';
import { choose } from './choose.js';
import { type AnswerSignals, describe, type DescribedCandidate, signalsOf } from './features.js';
import { ANSWERER_MODEL, answerProbability, rank, type ScoredCandidate } from './model.js';
import { EXTRACTIVE_PARAMETERS as P } from './parameters.js';

export const EXTRACTIVE_MODEL = 'midplane-extractive';
/** Changes whenever the same passages could give another answer. */
export const EXTRACTIVE_VERSION = '2.0.0';

const NO_USAGE = { promptTokens: 0, completionTokens: 0, costMicros: 0, cached: false };

/** What the sentences of passages are worth as an answer. */
export interface Judgement {
  /** In the order of the passages. */
  candidates: DescribedCandidate[];
  /** Best first. */
  scored: ScoredCandidate[];
  /** Undefined where there is no sentence at all. */
  signals: AnswerSignals | undefined;
  /** That the passages hold the answer, 0–1. */
  probability: number;
}

/**
 * @param question understandable by itself
 * @param tokens of the question, as the hits' alignments mean them
 */
export function judge(
  question: string,
  tokens: QuestionTokens | undefined,
  passages: readonly Passage[],
): Judgement {
  const read = passages.slice(0, P.passages);
  const candidates = describe(question, tokens, read, candidatesOf(read));
  const scored = rank(candidates);
  const signals = scored[0] && signalsOf(question, scored[0], candidates, passages);
  return { candidates, scored, signals, probability: signals ? answerProbability(signals) : 0 };
}

/**
 * Answers with the sentences of the passages that meet the question best, word for word, each followed by its
 * citation. It writes no word of its own; where nothing is close enough it says so.
 */
export class ExtractiveAnswerer implements Answerer {
  readonly name = EXTRACTIVE_MODEL;

  async *answer(request: AnswerRequest): AsyncGenerator<string, AnswerOutcome> {
    const { standalone, tokens, passages } = request;
    const { candidates, scored, signals, probability } = judge(standalone, tokens, passages);
    const provenance = { parameters: P, model: ANSWERER_MODEL, probability, signals };

    if (probability < P.threshold) {
      yield phrase('notInSources', request.language);
      return {
        modelVersion: EXTRACTIVE_VERSION,
        abstained: true,
        checks: [],
        usage: NO_USAGE,
        documentIds: [],
        provenance,
      };
    }

    const chosen = choose(scored, candidates);
    for (const [i, candidate] of chosen.entries()) {
      yield `${i === 0 ? '' : separator(chosen[i - 1]!, candidate)}${candidate.text}${gap(candidate)}[${candidate.passage.number}]`;
    }
    return {
      modelVersion: EXTRACTIVE_VERSION,
      abstained: false,
      checks: chosen.map(({ passage, source }) => ({ passage, ...checkVerbatim(passage, source) })),
      usage: NO_USAGE,
      documentIds: [...new Set(chosen.map(({ passage }) => passage.hit.documentId))],
      provenance,
    };
  }
}

/** Rows and list items stand on lines of their own, sentences follow one another. */
function separator(before: Candidate, after: Candidate): string {
  if (before.isRow || after.isRow || !/[.!?。！？；…]["”』」）)]?$/u.test(before.text)) return '\n';
  return gap(before);
}

const gap = (candidate: Candidate): string => (detectLanguage(candidate.text) === 'zh' ? '' : ' ');
