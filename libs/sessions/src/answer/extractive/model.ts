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
 * embedder that they were fitted with. After a change that leaves most answers as they
 * are, `--odds` leaves those that rank sentences: so it was done when words were first looked for in translation, since
 * fitted anew XQuAD en had .918 for .926. The weight of `translated` was then chosen by itself, and .8 taken from that of
 * `across` for what any sentence holds; 300 questions in one language, 200 among both, first sentence:
 *
 * | translated, across | zh asks en | en asks zh | en → zh | zh → en | en → en | zh → zh |
 * |--------------------|------------|------------|---------|---------|---------|---------|
 * | 0, 0               | .673       | .680       | .600    | .585    | .820    | .770    |
 * | 3, −.3             | .683       | .713       | .640    | .610    | .815    | .750    |
 * | 4, −.8 (taken)     | .690       | .720       | .650    | .615    | .815    | .755    |
 * | 6, −.9             | .693       | .727       | .655    | .610    | .810    | .755    |
 * | 8, −.8             | .687       | .727       | .670    | .610    | .785    | .745    |
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
