/** Times of one thing, in milliseconds. */
export interface Percentiles {
  p50: number;
  p95: number;
  p99: number;
}

/** @param times in milliseconds, at least one; the nearest rank is taken */
export function percentiles(times: number[]): Percentiles {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** @returns what the work gave, and how long it took in milliseconds */
export async function timed<T>(work: () => Promise<T>): Promise<[result: T, milliseconds: number]> {
  const begun = performance.now();
  const result = await work();
  return [result, performance.now() - begun];
}
