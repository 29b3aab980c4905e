/**
 * Parameters of the extractive answerer, fitted on the development sets of `shared/data/retrieval` (XQuAD in both
 * languages, each asking the other, and cmrc2018_trial) by `npm run eval:answers -- --fit`, which prints the
 * figures that chose them. They hold for the embedder named here.
 */
export const EXTRACTIVE_PARAMETERS = {
  embedder: 'multilingual-e5-small-zh-en',
  /** Only the first so many passages are cut into sentences, and so many of those are embedded. */
  passages: 4,
  sentences: 32,
  /** score = cosine + coverage × the found words' share + passage × the passage's score over the best one's. */
  score: { coverage: 0.15, passage: 0.1 },
  /** A further sentence comes along where its score is at most this much below the best; three at the most. */
  further: { within: 0.03, most: 3 },
  /** A sentence that shares more than this with one already taken repeats it (Jaccard index of their words). */
  repeats: 0.75,
  /**
   * Whether the passages hold the answer: the logistic function over the best sentence's cosine, the share of the
   * question's weight in words that it holds, how far the best cosine stands above the median of all sentences,
   * and how far the best passage's cosine stands above the last one's. Apart for questions in the sources'
   * language and in the other one, where words can't meet and cosines are lower.
   */
  answerable: {
    same: { cosine: 31.42, coverage: 6.98, rise: 44.56, spread: 0, bias: -32.44 },
    across: { cosine: 29.01, coverage: 3.26, rise: 26.86, spread: 0, bias: -24.49 },
    /** Below this probability it abstains. */
    threshold: 0.25,
  },
} as const;
