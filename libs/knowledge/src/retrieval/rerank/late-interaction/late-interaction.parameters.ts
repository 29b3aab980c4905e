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
   * A passage in the other script than the question is lifted by `rise` times what its score is above `unrelated`, and at
   * most by `most` (in the first two tables `rise` is 1; without `translation`, `most` was .18). Tokens of one language lie closer together whatever they say: a passage that has nothing to do with the
   * question comes to some .20 in its own script and .18 in the other one, the right one to .53 and .28. XQuAD in both
   * languages in one search, without the translation of the right passage, and with all passages of cmrc2018 and DRCD
   * beside them in brackets; Recall@1 of the final order, of 250 questions each. Where a passage of each language says
   * the same, the question's own comes first with .18, and not always with more:
   *
   * | unrelated, most        | en asks zh  | zh asks en  | en asks en  | zh asks zh  |
   * |------------------------|-------------|-------------|-------------|-------------|
   * | no lift                | .164 (.160) | .156 (.108) | .964 (.964) | .944 (.928) |
   * | a constant lift of .14 | .684 (.652) | .616 (.588) | .948 (.944) | .904 (.896) |
   * | .12, .16               | .692 (.660) | .624 (.600) | .952 (.948) | .920 (.908) |
   * | .12, .18               | .708 (.676) | .644 (.620) | .952 (.948) | .920 (.908) |
   * | .12, .2                | .720 (.688) | .656 (.632) | .952 (.948) | .920 (.908) |
   * | .12, any               | .720 (.688) | .664 (.644) | .952 (.948) | .916 (.904) |
   * | .1, .18                | .732 (.692) | .676 (.652) | .940 (.932) | .908 (.900) |
   * | .1, .2                 | .748 (.708) | .688 (.664) | .936 (.928) | .908 (.900) |
   *
   * To the score is added `weight` times how much more of the question the passage holds by translation than passages
   * usually do (`unrelated`). Recall@1 of 612 questions to all of XQuAD's passages in one language; the same of 250 with
   * all passages of all sets beside them, as above; and with the right passage in both languages how often the question's
   * own is ahead. Reckoned from the scores:
   *
   * | weight, unrelated; most  | zh → en | en → zh | en → zh | zh → en | en → en | zh → zh | own ahead (en, zh) |
   * |--------------------------|---------|---------|---------|---------|---------|---------|--------------------|
   * | none; .18                | .827    | .858    | .676    | .620    | .948    | .908    | .924 .876          |
   * | .1, .1; .12 (taken)      | .886    | .892    | .716    | .672    | .948    | .908    | .952 .876          |
   * | .1, .1; .14              | .886    | .892    | .740    | .692    | .936    | .896    | .892 .812          |
   * | .1, .15; .12             | .886    | .892    | .692    | .648    | .948    | .908    | .964 .884          |
   * | .12, .1; .12             | .881    | .895    | .728    | .684    | .944    | .904    | .948 .836          |
   * | .15, .15; .12            | .881    | .889    | .712    | .680    | .944    | .908    | .912 .824          |
   *
   * Where any word of a meaning counted as all of it: .886, .891, .704, .660, .952, .900, .956 .864 with .1, .15; .12.
   *
   * With the handbooks (`tools/handbooks`, 297 questions in their askers' own words, documents in both languages on
   * different matters), where the right passage shares few words with the question: what rises gently lifts what has
   * nothing to do with it over the right one in the question's own language. Recall@1 of the handbooks; of 306 questions
   * among all passages of all sets; how often the question's own of two that say the same is ahead (en, zh), and the
   * share of follow-ups that find first what the full question finds (136 of `eval:follow-ups`, all sets together):
   *
   * | unrelated, rise, most | en → en | zh → zh | en → zh | zh → en | en → zh | zh → en | en → en | zh → zh | own ahead | follow-ups |
   * |-----------------------|---------|---------|---------|---------|---------|---------|---------|---------|-----------|------------|
   * | .12, 1, .12           | .682    | .609    | .754    | .756    | .735    | .703    | .954    | .918    | .892 .820 | .860       |
   * | .12, 1, .08           | .741    | .696    | .708    | .756    | .631    | .562    | .964    | .935    | .944 .895 |            |
   * | .12, 1, .04           | .753    | .812    | .538    | .744    | .474    | .392    | .967    | .938    | .964 .922 |            |
   * | .2, 2, .08            | .753    | .739    | .692    | .744    | .631    | .556    | .964    | .935    | .944 .895 | .971       |
   * | .2, 2, .09 (taken)    | .753    | .725    | .708    | .744    | .663    | .601    | .961    | .935    | .935 .889 | .956       |
   * | .2, 2, .1             | .718    | .725    | .708    | .744    | .690    | .627    | .961    | .931    | .922 .873 | .941       |
   *
   * With .08 a warranty in English is no longer found first among sixty Chinese sentences about the same pump.
   *
   * What a question's words share with a passage in their own language by way of the dictionary (wage and salary are both
   * 工资) only shifts the balance between the languages: nothing is found better within one.
   */
  across: { unrelated: 0.2, rise: 2, most: 0.09, translation: { weight: 0.1, unrelated: 0.1 } },
  /** From this cosine on a question's token has met another of the same meaning. */
  met: 0.5,
} as const;
