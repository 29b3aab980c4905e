/** What a logit means as a probability. */
export const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

/**
 * @param logits what a cross-encoder gives for one pair: one, or two of which the second stands for "relevant"
 * @returns the probability that the text answers the question: the sigmoid of the one, the softmax of the two
 * @throws Error where there are more, or where they are no numbers
 */
export function scoreOf(logits: readonly number[]): number {
  const [first, second] = logits;
  if (first === undefined || logits.length > 2)
    throw new Error(`the model gives ${logits.length} values for a pair; a reranker gives one or two`);
  // The softmax of two is the sigmoid of their difference.
  const score = sigmoid(second === undefined ? first : second - first);
  if (Number.isNaN(score)) throw new Error('the model gave a score that is not a number');
  return score;
}
