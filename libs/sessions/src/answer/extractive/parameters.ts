/** How many sentences make an answer, and when there is none. The model that ranks them is in `answerer.model.json`. */
export const EXTRACTIVE_PARAMETERS = {
  /** Only the first so many passages are cut into sentences. */
  passages: 4,
  /**
   * A further sentence comes along where its score is at most `within` below the best; `most` together. Share of the
   * questions whose first two sentences hold the answer, and sentences an answer (XQuAD en, zh, cmrc2018, DRCD):
   *
   * | within | most | held                | sentences           |
   * |--------|------|---------------------|---------------------|
   * | 1.2    | 3    | .870 .837 .772 .890 | 1.32 1.39 1.45 1.31 |
   * | 1.2    | 2    | .868 .855 .768 .883 | 1.24 1.28 1.30 1.22 |
   * | 2.5    | 2    | .898 .890 .795 .902 | 1.45 1.50 1.51 1.41 |
   * | any    | 2    | .918 .910 .808 .918 | 2.00 2.00 2.00 2.00 |
   */
  further: { within: 2.5, most: 2 },
  /** A sentence that shares more than this with one already taken repeats it (Jaccard index of their words). */
  repeats: 0.75,
  /** Below this probability it abstains, where the tenant has not set another. */
  threshold: 0.13,
} as const;
