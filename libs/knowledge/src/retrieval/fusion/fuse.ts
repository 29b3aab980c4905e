import type { Fusion, HitTrace, Ranking, SearchMode } from '@midplane/contracts';
import type { Candidate, LexicalCandidates } from '../candidates/candidate.repository.js';
import { liftedScore } from './across.js';
import { FUSION } from './fusion.parameters.js';

/** A chunk that any channel found, with how its score came about. */
export interface FusedHit {
  chunkId: string;
  trace: HitTrace;
}

export interface Channels {
  lexical: Pick<LexicalCandidates, 'found' | 'reach'>;
  /** One list for each embedder that was asked, each best first; scores are cosines. */
  vector: Candidate[][];
}

/** What a channel adds to the fused score of a chunk that it found. */
type Part = (score: number, rank: number) => number;

/**
 * Merges what the channels found into one list, best first. For each hit lexicalPart + vectorPart = fusedScore.
 *
 * SCORE sums scaled scores. The lexical part is a passage's coverage: BM25 over the highest that the question could
 * reach, so that it counts little where the passages hold few of the question's words, as they do across languages.
 * The vector part is the cosine scaled over the channel's candidates: a passage that the channel did not find is no
 * nearer than its last one, and gets 0. Both lie between 0 and their weight, and the sum between 0 and 1. RRF sums
 * reciprocal ranks.
 *
 * With one channel the score is its own: coverage, or the cosine.
 * @param ranking what coverage counts; the cosine counts the rest to 1
 */
export function fuse(
  channels: Channels,
  mode: SearchMode,
  fusion: Fusion,
  { lexicalWeight }: Pick<Ranking, 'lexicalWeight'> = FUSION,
): FusedHit[] {
  const hits = new Map<string, FusedHit>();
  const { found, reach } = channels.lexical;
  const lexicalPart = lexicalPartOf(mode, fusion, reach, lexicalWeight);
  for (const [i, { chunkId, score }] of found.entries()) {
    const { trace } = hitOf(hits, chunkId);
    trace.lexicalRank = i + 1;
    trace.lexicalScore = score;
    trace.lexicalPart = lexicalPart(score, i + 1);
  }
  for (const list of channels.vector) {
    const vectorPart = vectorPartOf(mode, fusion, list, 1 - lexicalWeight);
    for (const [i, hit] of list.entries()) {
      const { trace } = hitOf(hits, hit.chunkId);
      trace.vectorRank = i + 1;
      trace.vectorScore = hit.score;
      trace.vectorPart = vectorPart(liftedScore(hit), i + 1);
    }
  }
  for (const { trace } of hits.values()) trace.fusedScore = trace.lexicalPart + trace.vectorPart;
  return [...hits.values()].sort(
    (a, b) => b.trace.fusedScore - a.trace.fusedScore || (a.chunkId < b.chunkId ? -1 : 1),
  );
}

/** @returns the share (0–1) of the question's weight in words that a BM25 score stands for */
export function coverageOf(score: number, reach: number): number {
  return reach > 0 ? Math.min(1, score / reach) : 0;
}

function lexicalPartOf(mode: SearchMode, fusion: Fusion, reach: number, lexicalWeight: number): Part {
  if (fusion === 'RRF') return reciprocalRank;
  const weight = mode === 'LEXICAL' ? 1 : lexicalWeight;
  return (score) => weight * coverageOf(score, reach);
}

function vectorPartOf(mode: SearchMode, fusion: Fusion, list: Candidate[], vectorWeight: number): Part {
  if (fusion === 'RRF') return reciprocalRank;
  if (mode === 'VECTOR') return (score) => score;
  const [best, last] = [list[0], list.at(-1)].map((hit) => (hit ? liftedScore(hit) : 0)) as [number, number];
  return (score) => vectorWeight * (best > last ? (score - last) / (best - last) : 1);
}

const reciprocalRank: Part = (_, rank) => 1 / (FUSION.reciprocalRankConstant + rank);

function hitOf(hits: Map<string, FusedHit>, chunkId: string): FusedHit {
  const known = hits.get(chunkId);
  if (known) return known;
  const hit: FusedHit = {
    chunkId,
    trace: {
      lexicalRank: null,
      lexicalScore: null,
      lexicalPart: 0,
      vectorRank: null,
      vectorScore: null,
      vectorPart: 0,
      fusedScore: 0,
      rerankScore: null,
    },
  };
  hits.set(chunkId, hit);
  return hit;
}
