/**
 * Parameters of the extractive answerer, fitted on all questions of the development sets (XQuAD in both languages,
 * each asking the other, and cmrc2018_trial; questions of one set asked of another as another subject), with the
 * passages ranked as retrieval does, in arrays. `npm run eval:answers` measures them through the whole system, and
 * with `-- --fit` prints what it would choose there. They hold for the embedder named here.
 */
export const EXTRACTIVE_PARAMETERS = {
  embedder: 'multilingual-e5-small-zh-en',
  /** Only the first so many passages are cut into sentences, and so many of those are embedded. */
  passages: 4,
  sentences: 32,
  /** score = cosine + coverage × the found words' share + passage × the passage's score over the best one's. */
  score: { coverage: 0.15, passage: 0.1 },
  /**
   * Added to the score of a sentence in the other language than the question: the embedder sets all sentences of the
   * question's own language closer to it. On XQuAD an unrelated sentence has a mean cosine of .735 with an English
   * question if English, .702 if Chinese; of .811 with a Chinese question if Chinese, .723 if English.
   */
  acrossBonus: { en: 0.035, zh: 0.065 },
  /** A further sentence comes along where its score is at most this much below the best; three at the most. */
  further: { within: 0.03, most: 3 },
  /** A sentence that shares more than this with one already taken repeats it (Jaccard index of their words). */
  repeats: 0.75,
  /**
   * Whether the passages hold the answer: the logistic function over the best sentence's cosine, the share of the
   * question's weight in words that it holds, how far the best cosine rises above the median of the sentences, and how
   * far the best passage's cosine is spread above the last one's. Apart for questions in the sources' language and in
   * the other one, where words can't meet and cosines are lower; and without what can't be told from a few sentences.
   *
   * With the gold passage taken out (the rest of the same articles remains), and with questions about another subject:
   *
   * | | area under the curve | refused though answerable | passed though not | passed, another subject |
   * |---|---|---|---|---|
   * | XQuAD en | .951 | .08 | .17 | – |
   * | XQuAD zh | .926 | .09 | .23 | .01 |
   * | cmrc2018 | .988 | .01 | .14 | .04 |
   * | zh asks en | .747 | .10 | .64 | .32 |
   * | en asks zh | .761 | .20 | .42 | .10 |
   */
  answerable: {
    same: {
      many: { cosine: 31.42, coverage: 6.98, rise: 44.56, spread: 0, bias: -32.44 },
      few: { cosine: 40.55, coverage: 9.11, rise: 0, spread: 0, bias: -38.76 },
    },
    across: {
      // Spread was fitted at 59.04, on vectors not yet moved onto a common centre: theirs is 1.53 times as great.
      many: { cosine: 15.2, coverage: 0.5, rise: 19.15, spread: 38.6, bias: -15.11 },
      // Fitted at -28.86; stricter, since a cosine of .80 is the least that no unrelated table row reaches.
      few: { cosine: 35.87, coverage: 4.59, rise: 0, spread: 0, bias: -30 },
    },
    /** From so many sentences and passages on a median and a spread mean something. */
    many: { sentences: 12, passages: 8 },
    /** Below this probability it abstains. */
    threshold: 0.22,
  },
} as const;
