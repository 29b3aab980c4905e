/** Which sentences make an answer, and when there is none. The model that ranks them is in `answerer.model.json`. */
export const EXTRACTIVE_PARAMETERS = {
  /** Only the first so many passages are cut into sentences. */
  passages: 4,
  /**
   * A second sentence comes along where its score is at most `within` below the best. To its score `after` is added
   * where it stands right after the best one, `before` right before it, and there `pointedTo` where the best one begins
   * with a pronoun. From a second row of a table that is not asked for `unaskedRow` is taken. Share of the questions whose first two sentences hold the answer, and sentences an answer, by
   * weights of the other articles (XQuAD en, zh, cmrc2018, DRCD; refused ones count as wrong):
   *
   * | within | after | before | pointedTo | held                | sentences           |
   * |--------|-------|--------|-----------|---------------------|---------------------|
   * | 2.5    | 0     | 0      | always    | .900 .874 .853 .911 | 1.54 1.54 1.50 1.35 |
   * | 4      | 0     | 0      | 0         | .902 .876 .865 .917 | 1.73 1.70 1.73 1.61 |
   * | 3.5    | 1.3   | 0      | 2         | .913 .881 .867 .916 | 1.76 1.70 1.71 1.63 |
   * | 3.5    | 1.3   | .5     | 3 (taken) | .910 .886 .866 .919 | 1.78 1.73 1.73 1.65 |
   * | 4      | 1.3   | .5     | 3         | .910 .889 .867 .919 | 1.82 1.81 1.82 1.75 |
   * | any    | 0     | 0      | 0         | .907 .879 .867 .922 | 2.00 2.00 2.00 2.00 |
   */
  second: { within: 3.5, after: 1.3, before: 0.5, pointedTo: 3, unaskedRow: 3 },
  /** A sentence that shares more than this with the best one repeats it (Jaccard index of their words). */
  repeats: 0.75,
  /**
   * Below this probability it abstains, where the tenant has not set another. By weights of other articles, refused
   * with the answer there, and answered with the gold passage taken out (XQuAD en, zh, cmrc2018, DRCD, zh asks en, en
   * asks zh); of questions about another subject .022–.039 are answered, across languages .168–.214:
   *
   * | refused                       | answered                      |
   * |-------------------------------|-------------------------------|
   * | .033 .044 .006 .024 .119 .056 | .275 .276 .137 .307 .588 .706 |
   */
  threshold: 0.13,
} as const;
