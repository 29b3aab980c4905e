/**
 * How long to wait before another attempt: twice as long each time, give or take a half, so that callers who failed
 * together don't come back together.
 * @param attempt the one that failed, 1 for the first
 * @param firstMs the mean pause after the first, in ms
 */
export function backoffMs(attempt: number, firstMs: number): number {
  return firstMs * 2 ** (attempt - 1) * (0.5 + Math.random());
}

/**
 * Reads the header Retry-After: seconds or a date (RFC 9110, 10.2.3); fractions of seconds are taken too.
 * @returns milliseconds to wait, 0 or more; undefined where it names no time
 */
export function readRetryAfter(header: string | readonly string[] | null | undefined): number | undefined {
  const value = typeof header === 'string' ? header : header?.[0];
  if (!value) return undefined;
  const wait = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}
