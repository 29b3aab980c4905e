export const LATE_INTERACTION = {
  /** Fused candidates whose tokens are compared. */
  candidates: 40,
  /** A question token counts by its distance from the centre to this power. */
  weightExponent: 3,
  /** What a passage's coverage adds to the mean of the cosines. */
  coverage: 0.4,
  /** From this cosine on a question's token has met another of the same meaning. */
  met: 0.5,
} as const;
