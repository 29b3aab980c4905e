import { EXTRACTIVE_MODEL } from '@midplane/contracts';
import { checkVerbatim } from '../../citation/check.js';
import { detectLanguage } from '../../text/language.js';
import type { Answerer, AnswerOutcome, AnswerRequest } from '../answerer.port.js';
import { phrase } from '../phrases.js';
import type { Candidate } from './candidates.js';
import { choose } from './choose.js';
import { ANSWERER_MODEL } from './model.js';
import { EXTRACTIVE_PARAMETERS as P } from './parameters.js';

/** Changes whenever the same passages could give another answer. */
export const EXTRACTIVE_VERSION = '3.9.0';

const NO_USAGE = { promptTokens: 0, completionTokens: 0, costMicros: 0, cached: false };

/**
 * Answers with the sentences of the passages that meet the question best, word for word, each followed by its
 * citation; each part of a question by its own. It writes no word of its own; where nothing is close enough it says so.
 */
export class ExtractiveAnswerer implements Answerer {
  readonly name = EXTRACTIVE_MODEL;

  async *answer({ parts, language, threshold }: AnswerRequest): AsyncGenerator<string, AnswerOutcome> {
    const judged = parts.map(({ question, judgement }) => ({ question, ...judgement }));
    const answered = judged.map(({ probability }) => probability >= threshold);
    const abstained = !answered.includes(true);
    const chosen: Candidate[] = [];
    if (abstained) yield phrase('notInSources', language);
    else {
      for (const [i, { question, scored }] of judged.entries()) {
        if (!answered[i]) {
          yield `${i === 0 ? '' : '\n'}${phrase('partNotInSources', language)} ${question}\n`;
          continue;
        }
        // What another part has quoted already need not be said twice.
        const own = choose(question, scored).filter(
          ({ source }) => !chosen.some((each) => each.source === source),
        );
        yield* quoted(own, chosen.at(-1));
        chosen.push(...own);
      }
    }
    return {
      modelVersion: EXTRACTIVE_VERSION,
      abstained,
      checks: chosen.map(({ passage, source }) => ({ passage, ...checkVerbatim(passage, source) })),
      usage: NO_USAGE,
      documentIds: [...new Set(chosen.map(({ passage }) => passage.hit.documentId))],
      provenance: {
        parameters: P,
        threshold,
        model: ANSWERER_MODEL,
        parts: judged.map(({ probability, signals }) => ({ probability, signals })),
      },
    };
  }
}

/** @param before what stands before them in the answer already */
function* quoted(candidates: readonly Candidate[], before: Candidate | undefined): Generator<string> {
  let last = before;
  for (const candidate of candidates) {
    yield `${last ? separator(last, candidate) : ''}${candidate.text}${gap(candidate)}[${candidate.passage.number}]`;
    last = candidate;
  }
}

/** Rows and list items stand on lines of their own, sentences follow one another. */
function separator(before: Candidate, after: Candidate): string {
  if (before.isRow || after.isRow || !/[.!?。！？；…]["”』」）)]?$/u.test(before.text)) return '\n';
  return gap(before);
}

const gap = (candidate: Candidate): string => (detectLanguage(candidate.text) === 'zh' ? '' : ' ');
