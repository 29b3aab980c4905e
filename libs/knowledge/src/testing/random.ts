/**
 * @returns gives numbers from 0 to 1, the same ones for the same seed: Park and Miller, "Random number generators: good
 * ones are hard to find" (CACM 31, 1988)
 */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}
