import type { Ranking } from '@midplane/contracts';
import { type Channels, fuse } from '../fusion/fuse.js';
import { type Closeness, closenessScore } from '../rerank/late-interaction/late-interaction.reranker.js';

/** What a reranker says of a candidate, whatever the ranking parameters are. */
export type Judged = Closeness | { score: number };

/** All that the order of a question's hits follows from, kept so that it can be told for any ranking parameters. */
export interface QuestionTrace {
  question: string;
  channels: Channels;
  /** Every candidate of both channels as the reranker sees it, by chunk; null where the fused order stands. */
  judged: ReadonlyMap<string, Judged> | null;
  /** Fused candidates that the reranker gets. */
  reranked: number;
  /** Chunks that answer the question. */
  right: ReadonlySet<string>;
}

/**
 * Ranks a question's candidates by each of the rankings, by the same steps as a search does.
 * @returns for each ranking the rank (1-based) of the first right passage; Infinity where it is none of the hits
 */
export function ranksOf(trace: QuestionTrace, rankings: readonly Ranking[]): number[] {
  const ranks = new Array<number>(rankings.length);
  const byWeight = Map.groupBy(rankings.keys(), (i) => rankings[i]!.lexicalWeight);
  for (const [lexicalWeight, group] of byWeight) {
    const fused = fuse(trace.channels, 'HYBRID', 'SCORE', { lexicalWeight }).map(({ chunkId }) => chunkId);
    for (const i of group) ranks[i] = rankIn(fused, trace, rankings[i]!);
  }
  return ranks;
}

function rankIn(
  fused: string[],
  { channels, judged, reranked, right }: QuestionTrace,
  ranking: Ranking,
): number {
  if (!judged) return rankAt(fused.findIndex((id) => right.has(id)));
  const candidates = fused.slice(0, reranked).flatMap((id) => {
    const about = judged.get(id);
    return about ? [{ id, score: scoreOf(about, channels.lexical.reach, ranking) }] : [];
  });
  candidates.sort((a, b) => b.score - a.score);
  return rankAt(candidates.findIndex(({ id }) => right.has(id)));
}

const scoreOf = (judged: Judged, reach: number, ranking: Ranking): number =>
  'score' in judged ? judged.score : closenessScore(judged, reach, ranking);

const rankAt = (index: number): number => (index < 0 ? Infinity : index + 1);
