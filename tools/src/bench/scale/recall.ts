/** Something found, with its number and how near it is: the greater the nearer. */
export interface Found {
  chunk: number;
  score: number;
}

/** Scores that differ by less are the same: halves and floats are rounded. */
const SAME = 1e-6;

/**
 * Share of the exact best that was found. One that is as good as the last of the exact counts as well: which of
 * several equals comes last is chance.
 * @param exact the best, all of them compared
 * @param exactScores whether the scores of what was found are exact as well; else only the same chunks count
 */
export function recallOf(found: Found[], exact: Found[], exactScores = true): number {
  if (exact.length === 0) return 1;
  const last = exact.at(-1)!.score;
  const best = new Set(exact.map(({ chunk }) => chunk));
  const right = found
    .slice(0, exact.length)
    .filter(({ chunk, score }) => best.has(chunk) || (exactScores && score >= last - SAME));
  return right.length / exact.length;
}

export const mean = (values: number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
