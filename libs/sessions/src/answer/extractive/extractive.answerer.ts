import { decodeVector } from '@midplane/contracts';
import type { ServiceClient } from '@midplane/kernel';
import { checkVerbatim } from '../../citation/check.js';
import { detectLanguage } from '../../text/language.js';
import type { Answerer, AnswerOutcome, AnswerRequest } from '../answerer.port.js';
import { phrase } from '../phrases.js';
import { type Candidate, candidatesOf } from './candidates.js';
import { EXTRACTIVE_PARAMETERS as P } from './parameters.js';
import {
  answerProbability,
  choose,
  preselect,
  QuestionWeights,
  scoreCandidates,
  type ScoredCandidate,
  signalsOf,
} from './score.js';

export const EXTRACTIVE_MODEL = 'midplane-extractive';
/** Changes whenever the same passages could give another answer. */
export const EXTRACTIVE_VERSION = '1.0.0';

const NO_USAGE = { promptTokens: 0, completionTokens: 0, costMicros: 0, cached: false };

/**
 * Answers with the sentences of the passages that come closest to the question, word for word, each followed by
 * its citation. It writes no word of its own; where nothing is close enough it says so.
 */
export class ExtractiveAnswerer implements Answerer {
  readonly name = EXTRACTIVE_MODEL;

  constructor(private readonly inference: ServiceClient<'inference'>) {}

  async *answer(request: AnswerRequest): AsyncGenerator<string, AnswerOutcome> {
    const passages = request.passages.slice(0, P.passages);
    const scored = await this.score(request.standalone, passages, request.signal);
    const signals = scored.length > 0 ? signalsOf(request.standalone, scored, request.passages) : undefined;
    const probability = signals ? answerProbability(signals) : 0;
    const provenance = { parameters: P, probability, signals };

    if (probability < P.answerable.threshold) {
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

    const chosen = choose(scored);
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

  /** @returns the sentences of the passages, scored, best first */
  async score(
    question: string,
    passages: AnswerRequest['passages'],
    signal?: AbortSignal,
  ): Promise<ScoredCandidate[]> {
    const all = candidatesOf(passages);
    const weights = new QuestionWeights(question, all);
    const candidates = preselect(all, weights);
    if (candidates.length === 0) return [];
    const asking = candidates.filter((candidate) => candidate.askedBy !== undefined);
    const [query, vectors] = await Promise.all([
      this.embed('query', [question], signal),
      this.embed(
        'passage',
        [...candidates.map(({ text }) => text), ...asking.map(({ askedBy }) => askedBy!)],
        signal,
      ),
    ]);
    const askedBy = new Map<Candidate, Float32Array>(
      asking.map((candidate, i) => [candidate, vectors[candidates.length + i]!]),
    );
    return scoreCandidates(candidates, weights, detectLanguage(question), query[0]!, vectors, askedBy);
  }

  private async embed(
    role: 'query' | 'passage',
    texts: string[],
    signal?: AbortSignal,
  ): Promise<Float32Array[]> {
    const { vectors } = await this.inference.embed(
      { model: P.embedder, role, urgency: 'interactive', centred: false, texts },
      signal ? { signal } : {},
    );
    return vectors.map(decodeVector);
  }
}

/** Rows and list items stand on lines of their own, sentences follow one another. */
function separator(before: Candidate, after: Candidate): string {
  if (before.isRow || after.isRow || !/[.!?。！？；…]["”』」）)]?$/u.test(before.text)) return '\n';
  return gap(before);
}

const gap = (candidate: Candidate): string => (detectLanguage(candidate.text) === 'zh' ? '' : ' ');
