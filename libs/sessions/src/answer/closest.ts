import { checkVerbatim } from '../citation/check.js';
import type { AskedPart, CheckedClaim } from './answerer.port.js';

/** Passages that are shown where there is no answer. */
const MOST = 3;

/**
 * What comes closest to a question that is not answered: the best sentence of each passage, the best passages first.
 * @returns at most three
 */
export function closestOf(parts: readonly AskedPart[]): CheckedClaim[] {
  const found = new Map<string, CheckedClaim>();
  const scored = parts.flatMap(({ judgement }) => judgement.scored).sort((a, b) => b.score - a.score);
  for (const { passage, source } of scored) {
    if (found.size >= MOST) break;
    if (!found.has(passage.hit.chunkId))
      found.set(passage.hit.chunkId, { passage, ...checkVerbatim(passage, source) });
  }
  return [...found.values()];
}

/** @returns that the passages hold an answer to every part, 0–1 */
export function probabilityOf(parts: readonly AskedPart[]): number {
  return Math.min(...parts.map(({ judgement }) => judgement.probability));
}
