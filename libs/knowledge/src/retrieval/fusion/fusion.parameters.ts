/**
 * Weights of the two parts of a fused score, and the constant of reciprocal ranks.
 *
 * Fitted on cmrc2018_trial, DRCD_dev and half of XQuAD, all passages in one index (Recall@1 / Recall@5, measured with
 * the shipped embedder before reranking); only the ratio of the two weights orders hits:
 *
 * | lexical : vector       | cmrc      | DRCD      | XQuAD en  | XQuAD zh  | zh asks en | en asks zh |
 * |------------------------|-----------|-----------|-----------|-----------|------------|------------|
 * | lexical alone          | .968 .988 | .929 .992 | .912 .979 | .918 .987 | .127 .191  | .127 .222  |
 * | vector alone           | .933 .975 | .770 .933 | .926 .998 | .887 .993 | .703 .915  | .737 .935  |
 * | .15                    | .981 .997 | .926 .995 | .956 .998 | .940 .995 | .711 .915  | .745 .935  |
 * | .25 (taken)            | .980 .994 | .934 .996 | .956 .995 | .935 .997 | .714 .917  | .747 .935  |
 * | .4                     | .977 .995 | .937 .995 | .959 .993 | .936 .995 | .717 .918  | .737 .935  |
 * | .6                     | .974 .993 | .935 .989 | .961 .992 | .930 .993 | .719 .918  | .696 .935  |
 * | each scaled to its own | .975 .995 | .900 .990 | .954 .998 | .940 .997 | .711 .917  | .745 .935  |
 * | best, lexical half     |           |           |           |           |            |            |
 * | gated by coverage/.35  |           |           |           |           |            |            |
 * | reciprocal ranks, k 60 | .964 .990 | .891 .985 | .936 .990 | .931 .992 | .680 .915  | .288 .907  |
 */
export const FUSION = {
  /** Of a passage's coverage: its BM25 as a share of the highest that the question could reach. */
  lexicalWeight: 0.5,
  /**
   * Of a passage's cosine above the cosine of the vector channel's last candidate. The .25 of the table was fitted with
   * a weight of 2, on vectors as the model gives them; since they are moved onto a common centre of the languages,
   * differences of cosines are 1.53 times as great (XQuAD), so it is 2 / 1.53.
   */
  vectorWeight: 1.3,
  /** Cormack, Clarke and Büttcher, "Reciprocal rank fusion outperforms Condorcet" (SIGIR 2009), take 60. */
  reciprocalRankConstant: 60,
} as const;
