import type { Candidate } from '../candidates/candidate.repository.js';
import { FUSION } from './fusion.parameters.js';

/** From this share of Han characters on a question counts as written in them. */
export const HAN_FROM = 0.5;

/**
 * @param share of Han characters in a question
 * @param han whether a passage is written in them
 * @returns 0 where both are in the same script, 1 where they are not; of a question in both something between
 */
export function differenceOfScripts(share: number, han: boolean): number {
  return Math.abs(share - (han ? 1 : 0));
}

/**
 * The nearest of all passages, and the nearest of those in the other script than the question's: these are further away
 * whatever they say, so that they are lifted, as far as the question is not in their script.
 * @param nearest best first; they may be in either script
 * @param across best first
 * @param share of Han characters in the question
 * @returns best first, as many as `nearest`
 */
export function withAcross(nearest: Candidate[], across: Candidate[], share: number): Candidate[] {
  const liftOf = (han: boolean): number => FUSION.across * differenceOfScripts(share, han);
  const own = share >= HAN_FROM;
  const others = new Set(across.map(({ chunkId }) => chunkId));
  return [
    ...nearest.filter(({ chunkId }) => !others.has(chunkId)).map((hit) => ({ ...hit, lift: liftOf(own) })),
    ...across.map((hit) => ({ ...hit, lift: liftOf(!own) })),
  ]
    .sort((a, b) => liftedScore(b) - liftedScore(a))
    .slice(0, Math.max(nearest.length, across.length));
}

/** The score as it is compared with those of others. */
export const liftedScore = ({ score, lift = 0 }: Candidate): number => score + lift;
