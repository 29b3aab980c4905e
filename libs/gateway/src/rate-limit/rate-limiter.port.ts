/** Counts what each key does. One implementation keeps the counts in the process, the other in Redis. */
export interface RateLimiter {
  /**
   * Takes a token from a key's bucket, which holds a minute's worth and refills evenly.
   * @param perMinute tokens a minute, 1 or more
   * @returns 0, or how long to wait for the next token, in ms; then none was taken
   */
  take(key: string, perMinute: number): Promise<number>;
  close(): Promise<void>;
}

export const RATE_LIMITER = Symbol('RATE_LIMITER');
