import { z } from 'zod';
import { ANSWER_FEATURES, type AnswerSignals } from './answer-signals.js';
import { evaluate, weighted } from './net.js';
import { type DescribedCandidate, SENTENCE_FEATURES } from './sentence-features.js';
import weights from './answerer.model.json' with { type: 'json' };

const weightsOf = <const Names extends readonly [string, ...string[]]>(names: Names) =>
  z.record(z.enum(names), z.number());
const answerModel = z.strictObject({ bias: z.number(), weights: weightsOf(ANSWER_FEATURES) });
const sentenceWeights = weightsOf(SENTENCE_FEATURES);

/**
 * The answerer's weights, in `answerer.model.json`. They are written by `npm run eval:answers -- --fit --write --questions 1000`, and hold for the
 * embedder that they were fitted with. After a change that leaves most answers as they are, `--odds` leaves those that rank
 * sentences. Fitted to the public sets alone, whose questions share the passages' words, what a handbook's readers ask was
 * ranked by these words too; first sentence of the handbooks that are held out, none refused, and refused at the threshold (search as it was for each):
 *
 * | fitted to           | en asks en | en asks zh | zh asks en | zh asks zh |
 * |---------------------|------------|------------|------------|------------|
 * | the sets            | .589, .339 | .620, .240 | .607, .161 | .600, .440 |
 * | handbooks, too      | .643, .268 | .600, .180 | .625, .161 | .640, .260 |
 *
 * Tried without gain: a bilinear form of 4 to 16 dimensions between the states of the words that ask and those of the
 * passage's tokens, learnt from 5,600 questions, to tell what kind of answer stands where (it learns them by heart).
 */
export const AnswererModel = z.strictObject({
  embedder: z.string(),
  /** A sentence's score: the logarithm of how likely it answers, but for a constant that is the question's. */
  sentence: z.strictObject({
    weights: sentenceWeights,
    hidden: z.array(z.strictObject({ counts: z.number(), bias: z.number(), weights: sentenceWeights })),
  }),
  /** Log-odds that the passages hold the answer: `same` where it is in the question's script, else `across`. */
  answer: z.strictObject({ same: answerModel, across: answerModel }),
});
export type AnswererModel = z.infer<typeof AnswererModel>;

/** The weights as they are in use: part of what made an answer. */
export const ANSWERER_MODEL = AnswererModel.parse(weights);

/** A candidate with what it is worth as an answer. */
export interface ScoredCandidate extends DescribedCandidate {
  score: number;
}

/** @returns the candidates, best first, by the weights in use or by others that are being fitted */
export function rank(
  candidates: readonly DescribedCandidate[],
  net: AnswererModel['sentence'] = ANSWERER_MODEL.sentence,
): ScoredCandidate[] {
  return candidates
    .map((candidate) => ({ ...candidate, score: evaluate(net, candidate.features) }))
    .sort((a, b) => b.score - a.score);
}

/** @returns the probability (0–1) that the passages hold the answer, by the weights in use or by others that are being fitted */
export function answerProbability(
  { features, across }: AnswerSignals,
  weights: AnswererModel['answer'] = ANSWERER_MODEL.answer,
): number {
  const odds = weights[across ? 'across' : 'same'];
  return 1 / (1 + Math.exp(-odds.bias - weighted(features, odds.weights)));
}
