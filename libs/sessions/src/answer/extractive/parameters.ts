/** How many sentences make an answer, and when there is none. The model that ranks them is in `answerer.model.json`. */
export const EXTRACTIVE_PARAMETERS = {
  /** Only the first so many passages are cut into sentences. */
  passages: 4,
  /** A further sentence comes along where its score is at most this much below the best; three at the most. */
  further: { within: 1.2, most: 3 },
  /** A sentence that shares more than this with one already taken repeats it (Jaccard index of their words). */
  repeats: 0.75,
  /** Below this probability it abstains. */
  threshold: 0.13,
} as const;
