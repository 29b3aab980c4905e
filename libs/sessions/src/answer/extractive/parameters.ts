/** Which sentences make an answer, and when there is none. The model that ranks them is in `answerer.model.json`. */
export const EXTRACTIVE_PARAMETERS = {
  /** Only the first so many passages are read, and those with a row whose label is asked for. */
  passages: 4,
  /**
   * A second sentence comes along where its score is at most `within` below the best. To its score `after` is added
   * where it stands right after the best one, `before` right before it, and there `pointedTo` where the best one begins
   * with a pronoun. From a second row of a table that is not asked for `unaskedRow` is taken; to one of the same passage
   * that is asked for `askedRow` is added (the sets have no tables: chosen on a repair estimate). From what another
   * document says in another language `otherLanguage` is taken (chosen on a handbook). Share of the questions
   * whose first two sentences hold the answer, and sentences an answer, by weights of the other articles (XQuAD en, zh,
   * cmrc2018, DRCD; refused ones count as wrong), in a fit to whole passages alone; in the present one the row taken
   * has .915 .884 .866 .911 and 1.74 1.72 1.66 1.62:
   *
   * | within | after | before | pointedTo | held                | sentences           |
   * |--------|-------|--------|-----------|---------------------|---------------------|
   * | 2.5    | 0     | 0      | always    | .907 .876 .857 .908 | 1.53 1.53 1.49 1.34 |
   * | 4      | 0     | 0      | 0         | .908 .884 .869 .913 | 1.71 1.67 1.70 1.59 |
   * | 3.5    | 1.3   | 0      | 2         | .920 .884 .869 .912 | 1.73 1.69 1.71 1.62 |
   * | 3.5    | 1.3   | .5     | 3 (taken) | .917 .889 .868 .913 | 1.76 1.72 1.73 1.64 |
   * | 4      | 1.3   | .5     | 3         | .917 .891 .869 .915 | 1.81 1.77 1.81 1.74 |
   * | any    | 0     | 0      | 0         | .912 .886 .873 .918 | 2.00 2.00 2.00 2.00 |
   */
  second: {
    within: 3.5,
    after: 1.3,
    before: 0.5,
    pointedTo: 3,
    unaskedRow: 3,
    askedRow: 3,
    otherLanguage: 3,
  },
  /**
   * Added to a row's score, times the share of the question's words that its label holds as they are written: 1 for
   * "Estimator | Ellis Turner" and "Who is the estimator?" (the sets have no tables: chosen on a repair estimate).
   */
  askedLabel: 6,
  /**
   * A sentence with a number of what the question counts is put first where it is at most so far behind the best. On the
   * development sets, 171 of whose questions have such a sentence, up to 2 changes one answer of a set at most, and 3
   * loses up to .07 of them; the most that loses nothing is taken, for handbooks, whose sentences are short and alike.
   */
  askedCount: 2,
  /**
   * Added to the score of a sentence in the other language, times the share of the question's lengths of time that it
   * holds: words of two languages don't meet, and by meanings 十年 is as close to "ten years" as 十天 (chosen on a handbook).
   */
  askedDuration: 3,
  /** A sentence that shares more than this with the best one repeats it (Jaccard index of their words). */
  repeats: 0.75,
  /**
   * Below this probability it abstains, where the tenant has not set another. Refused with the answer there, and
   * answered with the gold passage taken out (XQuAD en, zh, cmrc2018, DRCD, zh asks en, en asks zh); then of the handbooks
   * in one language and across, refused, and answered of what they don't say:
   *
   * | threshold   | refused                       | answered                      | handbooks           |
   * |-------------|-------------------------------|-------------------------------|---------------------|
   * | .1          | .016 .021 .003 .015 .065 .042 | .373 .374 .225 .458 .588 .672 | .235 .083 .649 .662 |
   * | .13         | .020 .031 .003 .020 .082 .054 | .314 .319 .183 .382 .529 .627 | .265 .150 .608 .592 |
   * | .15 (taken) | .021 .033 .005 .023 .088 .065 | .291 .299 .158 .340 .505 .592 | .289 .181 .541 .549 |
   * | .17         | .028 .041 .005 .029 .098 .072 | .266 .275 .150 .315 .475 .556 | .328 .187 .527 .493 |
   * | .25         | .034 .062 .011 .033 .154 .101 | .201 .206 .118 .239 .348 .440 | .417 .249 .351 .310 |
   *
   * Of questions about another subject .025 and .056 are answered, across languages .154 and .279. A threshold for each
   * language gains nothing: both are on the same curve.
   */
  threshold: 0.15,
} as const;
