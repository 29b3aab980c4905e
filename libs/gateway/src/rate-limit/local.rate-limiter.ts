import type { RateLimiter } from './rate-limiter.port.js';

const MINUTE_MS = 60_000;
const MAX_BUCKETS = 10_000;

interface Bucket {
  tokens: number;
  at: number;
}

/** Token buckets in this process: the default, where there is no Redis to share them by. */
export class LocalRateLimiter implements RateLimiter {
  private readonly buckets = new Map<string, Bucket>();

  /** @param now the clock, in ms */
  constructor(private readonly now: () => number = () => performance.now()) {}

  async take(key: string, perMinute: number): Promise<number> {
    const at = this.now();
    const bucket = this.buckets.get(key) ?? { tokens: perMinute, at };
    const tokens = Math.min(perMinute, bucket.tokens + ((at - bucket.at) * perMinute) / MINUTE_MS);
    const taken = tokens >= 1;
    if (this.buckets.size >= MAX_BUCKETS && !this.buckets.has(key)) this.forgetFull(at);
    this.buckets.set(key, { tokens: taken ? tokens - 1 : tokens, at });
    return taken ? 0 : ((1 - tokens) * MINUTE_MS) / perMinute;
  }

  async close(): Promise<void> {
    this.buckets.clear();
  }

  /** A bucket that nothing was taken from for a minute is full again: as good as none. */
  private forgetFull(at: number): void {
    for (const [key, bucket] of this.buckets) if (at - bucket.at >= MINUTE_MS) this.buckets.delete(key);
  }
}
