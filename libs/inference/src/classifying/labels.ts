import type { LabelScore } from '@midplane/contracts';
import { sigmoid } from '../reranking/score.js';

/**
 * @param logits a value for each label
 * @param multiLabel whether each label has a probability of its own; else they share one
 * @returns the labels, the surest first
 * @throws Error where there are more or fewer values than labels, or one is no number
 */
export function labelScores(
  logits: readonly number[],
  labels: readonly string[],
  multiLabel: boolean,
): LabelScore[] {
  if (logits.length !== labels.length)
    throw new Error(`the model gives ${logits.length} values for ${labels.length} labels`);
  const scores = multiLabel ? logits.map(sigmoid) : softmax(logits);
  if (scores.some(Number.isNaN)) throw new Error('the model gave a score that is not a number');
  return sorted(labels.map((label, i) => ({ label, score: scores[i]! })));
}

/** @returns the surest first */
export const sorted = (scores: LabelScore[]): LabelScore[] => scores.toSorted((a, b) => b.score - a.score);

function softmax(logits: readonly number[]): number[] {
  // Less the greatest, so that none overflows.
  const greatest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - greatest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
