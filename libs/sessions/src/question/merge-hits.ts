import type { SearchHit } from '@midplane/contracts';

/**
 * Merges what the parts of a question found: first the best of each part, then the second best of each, and so on,
 * so that no part takes the places of another. A passage that several parts found comes once, where it came first.
 * @param lists hits of each part, best first
 * @param limit of hits in all
 */
export function mergeHits(lists: readonly SearchHit[][], limit: number): SearchHit[] {
  const merged = new Map<string, SearchHit>();
  const longest = Math.max(0, ...lists.map((hits) => hits.length));
  for (let rank = 0; rank < longest; rank++) {
    for (const hits of lists) {
      const hit = hits[rank];
      if (hit && !merged.has(hit.chunkId)) merged.set(hit.chunkId, hit);
    }
  }
  return [...merged.values()].slice(0, limit);
}
