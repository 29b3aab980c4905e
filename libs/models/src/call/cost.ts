import type { Deployment } from '../catalog/catalog.js';

/** Prices are for so many tokens. */
const PRICED_TOKENS = 1_000_000;

/** @returns what so many tokens cost there, in micro-units and their fractions: for comparing */
export function exactCost(
  { promptPriceMicros, completionPriceMicros }: Deployment,
  promptTokens: number,
  completionTokens: number,
): number {
  return (promptTokens * promptPriceMicros + completionTokens * completionPriceMicros) / PRICED_TOKENS;
}

/** @returns what so many tokens cost there, in whole micro-units, rounded up: for paying */
export function costMicros(deployment: Deployment, promptTokens: number, completionTokens: number): number {
  return Math.ceil(exactCost(deployment, promptTokens, completionTokens));
}
