/**
 * Fitted on the development sets, all passages of a set in one knowledge base, with the shipped embedder (Recall@1 /
 * Recall@5 of the first 30 fused candidates in the new order):
 *
 * | closeness + coverage              | cmrc       | DRCD      | XQuAD en  | XQuAD zh  | zh asks en | en asks zh |
 * |-----------------------------------|------------|-----------|-----------|-----------|------------|------------|
 * | fused, no rerank                  | .979 .998  | .928 .993 | .961 .997 | .931 .997 | .727 .925  | .763 .961  |
 * | plain mean of the cosines + 0     | .970 .995  | .909 .987 | .961 .998 | .948 .997 | .796 .971  | .846 .979  |
 * | plain mean + .4                   | .981 1.000 | .945 .995 | .962 .997 | .949 .997 | .801 .972  | .846 .980  |
 * | weights to the 3rd power, mean    | .971 .996  | .917 .990 | .964 .998 | .953 .997 | .806 .975  | .846 .980  |
 * | the same + .4                     | .979 1.000 | .946 .994 | .966 .997 | .948 .997 | .807 .977  | .853 .982  |
 * | .4 mean + .6 stretch of 24 + 0    | .980 .996  | .930 .991 | .964 1.00 | .948 .998 | .825 .974  | .856 .975  |
 * | the same + .4 (taken)             | .984 1.000 | .951 .996 | .967 .998 | .951 .998 | .825 .974  | .858 .977  |
 * | .4 mean + .6 stretch of 48 + .4   | .981 1.000 | .950 .996 | .962 .998 | .948 .998 | .824 .969  | .856 .980  |
 * | stretch of 24 alone + .4          | .984 .999  | .953 .997 | .969 .997 | .946 .997 | .830 .972  | .858 .975  |
 *
 * Weights to the 6th power lose 1 % where English asks Chinese; adding the cosine of the whole texts gains nothing. To
 * embed Traditional Chinese as Simplified changes DRCD by less than .003.
 */
export const LATE_INTERACTION = {
  /** Fused candidates whose tokens are compared. */
  candidates: 40,
  /** A question token counts by its distance from the centre to this power. */
  weightExponent: 3,
  /** Tokens of a stretch: about a sentence. */
  stretch: 24,
  /** What the best stretch counts beside the whole passage. */
  stretchShare: 0.6,
  /** What a passage's coverage adds to its closeness. A knowledge base can have another one. */
  coverage: 0.4,
  /**
   * Added to a passage in the other script than the question: tokens of one language lie closer together whatever they
   * say. As for `FUSION.across`, Recall@1 of the final order:
   *
   * | added | zh asks en | en asks zh | zh asks zh | en asks en |
   * |-------|------------|------------|------------|------------|
   * | 0     | .152       | .222       | .970       | .981       |
   * | .1    | .486       | .556       | .970       | .981       |
   * | .15   | .629       | .677       | .970       | .981       |
   * | .2    | .771       | .747       | .960       | .971       |
   * | .22   | .848       | .758       | .949       | .962       |
   * | .25   | .867       | .788       | .909       | .924       |
   */
  across: 0.2,
  /** From this cosine on a question's token has met another of the same meaning. */
  met: 0.5,
} as const;
