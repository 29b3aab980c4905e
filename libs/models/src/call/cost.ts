import type { Deployment } from '../catalog/catalog.js';

/** Prices are for so many tokens. */
const PRICED_TOKENS = 1_000_000;

/** @returns what so many tokens cost there, in whole micro-units, rounded up */
export function costMicros(
  { promptPriceMicros, completionPriceMicros }: Deployment,
  promptTokens: number,
  completionTokens: number,
): number {
  return Math.ceil(
    (promptTokens * promptPriceMicros + completionTokens * completionPriceMicros) / PRICED_TOKENS,
  );
}
