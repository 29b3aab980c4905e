import type { Locale } from '@midplane/contracts';
import { dot } from '../../citation/check.js';
import { detectLanguage } from '../../text/language.js';
import { contentWords } from '../../text/words.js';
import type { Passage } from '../passage.js';
import type { Candidate } from './candidates.js';
import { EXTRACTIVE_PARAMETERS as P } from './parameters.js';

/** How a candidate stands to the question. */
export interface ScoredCandidate extends Candidate {
  /** Cosine of the sentence, embedded alone, with the question. */
  cosine: number;
  /** Share (0–1) of the question's weight in words that it holds; words that no candidate holds count too. */
  coverage: number;
  /** Decides the order. */
  score: number;
}

/** What is looked at to tell whether the passages hold the answer. */
export interface AnswerSignals {
  cosine: number;
  coverage: number;
  rise: number;
  spread: number;
  /** The best sentence is in another script than the question. */
  across: boolean;
  /** There were enough sentences and passages for rise and spread to mean something. */
  many: boolean;
}

/** A few further sentences without any of the words: with few candidates a word's weight would be mere chance. */
const SMOOTHING = 20;

/** Weights of the question's words, from how few of the candidates hold them (the idf of BM25). */
export class QuestionWeights {
  private readonly weights: Map<string, number>;
  private readonly total: number;
  private readonly found: number;

  constructor(question: string, candidates: readonly Candidate[]) {
    const n = candidates.length + SMOOTHING;
    let total = 0;
    let found = 0;
    this.weights = new Map();
    for (const word of new Set(contentWords(question))) {
      const holders = candidates.filter((candidate) => candidate.words.has(word)).length;
      const weight = Math.log(1 + (n - holders + 0.5) / (holders + 0.5));
      this.weights.set(word, weight);
      total += weight;
      if (holders > 0) found += weight;
    }
    this.total = total;
    this.found = found;
  }

  /** @returns the share of all the question's weight that these words hold, 0–1 */
  coverage(words: Set<string>): number {
    return this.total > 0 ? this.held(words) / this.total : 0;
  }

  /** @returns the share of the weight of those words that any candidate holds, 0–1 */
  foundCoverage(words: Set<string>): number {
    return this.found > 0 ? this.held(words) / this.found : 0;
  }

  private held(words: Set<string>): number {
    let sum = 0;
    for (const [word, weight] of this.weights) if (words.has(word)) sum += weight;
    return sum;
  }
}

/**
 * The candidates worth embedding: those that hold most of the question's words, and where none holds any (a
 * question in another language) those of the best passages.
 */
export function preselect(candidates: readonly Candidate[], weights: QuestionWeights): Candidate[] {
  if (candidates.length <= P.sentences) return [...candidates];
  const best = bestScore(candidates);
  const promise = (candidate: Candidate) =>
    weights.coverage(candidate.words) + P.score.passage * relative(candidate.passage, best);
  return candidates
    .map((candidate) => ({ candidate, promise: promise(candidate) }))
    .sort((a, b) => b.promise - a.promise)
    .slice(0, P.sentences)
    .map(({ candidate }) => candidate);
}

/**
 * Scores candidates, best first.
 * @param language of the question
 * @param vectors of the candidates' texts, in their order, each of length 1
 * @param askedBy vectors of the questions that the source itself asks before a candidate, where it does
 */
export function scoreCandidates(
  candidates: readonly Candidate[],
  weights: QuestionWeights,
  language: Locale,
  question: Float32Array,
  vectors: readonly Float32Array[],
  askedBy: ReadonlyMap<Candidate, Float32Array>,
): ScoredCandidate[] {
  const best = bestScore(candidates);
  return candidates
    .map((candidate, i): ScoredCandidate => {
      const asked = askedBy.get(candidate);
      const words = candidate.askedBy
        ? new Set([...candidate.words, ...contentWords(candidate.askedBy)])
        : candidate.words;
      const cosine = Math.max(dot(question, vectors[i]!), asked ? dot(question, asked) : -1);
      const score =
        cosine +
        P.score.coverage * weights.foundCoverage(words) +
        P.score.passage * relative(candidate.passage, best) +
        (detectLanguage(candidate.text) === language ? 0 : P.acrossBonus[language]);
      return { ...candidate, cosine, coverage: weights.coverage(words), score };
    })
    .sort((a, b) => b.score - a.score);
}

/** @param scored best first, at least one */
export function signalsOf(
  question: string,
  scored: readonly ScoredCandidate[],
  passages: readonly Passage[],
): AnswerSignals {
  const best = scored[0]!;
  const written = detectLanguage(best.text);
  // Sentences in the question's own language are closer to it whatever they say: only like is compared with like.
  const cosines = scored
    .filter((candidate) => detectLanguage(candidate.text) === written)
    .map((candidate) => candidate.cosine)
    .sort((a, b) => b - a);
  const vectors = passages
    .map((passage) => passage.hit.trace.vectorScore)
    .filter((score): score is number => score !== null);
  const { many } = P.answerable;
  return {
    cosine: best.cosine,
    coverage: best.coverage,
    rise: cosines[0]! - cosines[cosines.length >> 1]!,
    spread: vectors.length > 1 ? Math.max(...vectors) - Math.min(...vectors) : 0,
    across: detectLanguage(question) !== written,
    many: cosines.length >= many.sentences && vectors.length >= many.passages,
  };
}

/** @returns the probability (0–1) that the passages hold the answer */
export function answerProbability(signals: AnswerSignals): number {
  const w = P.answerable[signals.across ? 'across' : 'same'][signals.many ? 'many' : 'few'];
  const z =
    w.bias +
    w.cosine * signals.cosine +
    w.coverage * signals.coverage +
    w.rise * signals.rise +
    w.spread * signals.spread;
  return 1 / (1 + Math.exp(-z));
}

/**
 * The sentences that make the answer: the best, and what comes close to it without repeating it; the best first,
 * the others in the order in which they stand in their sources.
 */
export function choose(scored: readonly ScoredCandidate[]): ScoredCandidate[] {
  const [best, ...others] = scored;
  if (!best) return [];
  const chosen = [best];
  for (const other of others) {
    if (chosen.length === P.further.most || best.score - other.score > P.further.within) break;
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

/** Scores are scaled over what was found: among few passages the last has next to nothing, however good it is. */
function bestScore(candidates: readonly Candidate[]): number {
  const scores = new Map(candidates.map(({ passage }) => [passage.number, passage.hit.score]));
  return scores.size < P.passages ? 0 : Math.max(...scores.values());
}

const relative = (passage: Passage, best: number): number =>
  best > 0 ? Math.max(0, passage.hit.score) / best : 1;
