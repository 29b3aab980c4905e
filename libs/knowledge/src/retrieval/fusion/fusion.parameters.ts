/**
 * Weights of the two parts of a fused score, and the constant of reciprocal ranks.
 *
 * Fitted on cmrc2018_trial, DRCD_dev and half of XQuAD, all passages in one index (Recall@1 / Recall@5, with the
 * shipped embedder, before reranking). Only the ratio of the two weights orders hits:
 *
 * | lexical : vector          | cmrc      | DRCD      | XQuAD en  | XQuAD zh  | zh asks en | en asks zh |
 * |---------------------------|-----------|-----------|-----------|-----------|------------|------------|
 * | lexical alone             | .968 .988 | .929 .992 | .912 .979 | .918 .987 | .127 .191  | .127 .222  |
 * | vector alone              | .936 .976 | .767 .933 | .926 .998 | .889 .995 | .711 .922  | .760 .959  |
 * | 2                         | .972 .993 | .888 .983 | .958 .998 | .936 .997 | .725 .925  | .765 .961  |
 * | 4                         | .978 .997 | .920 .993 | .962 .995 | .936 .997 | .725 .925  | .758 .961  |
 * | 4.5 (taken)               | .977 .996 | .924 .994 | .962 .995 | .935 .997 | .725 .926  | .757 .961  |
 * | 5                         | .976 .996 | .925 .994 | .962 .995 | .931 .997 | .725 .926  | .758 .961  |
 * | 7                         | .975 .996 | .937 .996 | .954 .990 | .928 .997 | .724 .926  | .747 .962  |
 * | cosines unscaled, .4 : 1  | .980 .996 | .935 .996 | .959 .995 | .936 .997 | .725 .926  | .758 .962  |
 * | BM25 over its best, gated | .975 .995 | .901 .990 | .958 .997 | .936 .997 | .727 .925  | .763 .961  |
 * | reciprocal ranks, k 60    | .965 .990 | .890 .985 | .936 .990 | .931 .992 | .688 .922  | .289 .938  |
 *
 * Unscaled cosines do a little better on DRCD, but their ratio fits one embedder only: others spread theirs wider.
 */
export const FUSION = {
  /**
   * Of a passage's coverage: its BM25 as a share of the highest that the question could reach. Its cosine, scaled from
   * the vector channel's last candidate (0) to its best (1), has the rest to 1. A knowledge base can have another one.
   */
  lexicalWeight: 0.82,
  /**
   * Added to the cosine of a passage in the other script than the question, where passages of both are searched. Half
   * of XQuAD's passages in English, the other half in Chinese, with those of cmrc2018 and DRCD beside them; share of the
   * right passages among the first 40 of the fused list:
   *
   * | added | zh asks en | en asks zh | zh asks zh | en asks en |
   * |-------|------------|------------|------------|------------|
   * | 0     | .629       | .960       | 1.000      | 1.000      |
   * | .04   | .905       | .960       | 1.000      | .990       |
   * | .06   | .962       | .960       | 1.000      | .990       |
   * | .08   | .990       | .960       | 1.000      | .990       |
   */
  across: 0.08,
  /** Cormack, Clarke and Büttcher, "Reciprocal rank fusion outperforms Condorcet" (SIGIR 2009), take 60. */
  reciprocalRankConstant: 60,
} as const;
