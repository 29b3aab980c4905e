import type { Redis } from 'ioredis';
import { asError, type Logger } from '@midplane/kernel';
import { LocalRateLimiter } from './local.rate-limiter.js';
import type { RateLimiter } from './rate-limiter.port.js';

/**
 * The same bucket as the local one, in one atomic step and by Redis's clock. Takes up to as many tokens as are asked
 * for. Gives how many it took, and where there was none the ms to wait, as text.
 */
const TAKE = `
local per_minute, wanted = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(bucket[1]) or per_minute
local at = tonumber(bucket[2]) or now
tokens = math.min(per_minute, tokens + (now - at) * per_minute / 60000)
local taken = math.min(wanted, math.floor(tokens))
local wait = 0
if taken < 1 then wait = (1 - tokens) * 60000 / per_minute end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens - taken), 'at', tostring(now))
redis.call('PEXPIRE', KEYS[1], 60000)
return {taken, tostring(wait)}`;

/** A process takes at most this share of a minute at once, so that what it holds unused is missed by no other one. */
const SHARE = 1 / 1000;
const MOST_HELD = 100;
/** How long tokens that were taken ahead may be used, in ms; then they are let go. */
const HELD_MS = 10_000;
/** From so little time on they are taken anew while there are some, so that no operation waits for that. */
const RENEW_MS = HELD_MS / 2;
/** Keys whose tokens are held at most. */
const MOST_KEYS = 10_000;

interface Held {
  left: number;
  until: number;
  renewing: boolean;
}

/** The script, with the number of its keys, its key and its arguments. */
type Take = (
  keys: 1,
  key: string,
  perMinute: number,
  wanted: number,
) => Promise<[taken: number, waitMs: string]>;

/**
 * Token buckets in Redis (REDIS_URL), shared by all gateways. A key that may do much takes some tokens ahead, so that
 * not every operation asks Redis; all gateways together still admit no more than the bucket held. While Redis is away
 * each counts for itself.
 */
export class RedisRateLimiter implements RateLimiter {
  private readonly fallback = new LocalRateLimiter();
  private readonly held = new Map<string, Held>();
  private readonly script: Take;

  /** @param redis a connection of its own, which fails at once rather than queue while it is away */
  constructor(
    private readonly redis: Redis,
    private readonly logger: Logger,
  ) {
    redis.on('error', (error) => logger.warn({ err: error }, 'Redis, for rate limits, is away'));
    redis.defineCommand('takeOperations', { lua: TAKE });
    this.script = (redis as unknown as { takeOperations: Take }).takeOperations.bind(redis);
  }

  async take(key: string, perMinute: number): Promise<number> {
    const held = this.held.get(key);
    const restMs = held ? held.until - performance.now() : 0;
    if (!held || held.left === 0 || restMs <= 0) return this.ask(key, perMinute, 1);
    held.left -= 1;
    if (!held.renewing && (held.left === 0 || restMs < RENEW_MS)) {
      held.renewing = true;
      void this.ask(key, perMinute, 0);
    }
    return 0;
  }

  /**
   * Takes what is needed now, and where the key may do much what fills up what is held.
   * @returns how many ms to wait; 0: go on
   */
  private async ask(key: string, perMinute: number, needed: 0 | 1): Promise<number> {
    try {
      const most = Math.max(1, Math.min(MOST_HELD, Math.floor(perMinute * SHARE)));
      const wanted = Math.max(1, most - this.leftOf(key));
      const [taken, waitMs] = await this.script(1, `midplane:rate:${key}`, perMinute, wanted);
      if (taken > needed) this.hold(key, taken - needed);
      return Number(waitMs);
    } catch (error) {
      this.logger.warn({ err: asError(error) }, 'a rate limit is counted in this process alone');
      return needed ? this.fallback.take(key, perMinute) : 0;
    }
  }

  async close(): Promise<void> {
    this.redis.disconnect();
  }

  private leftOf(key: string): number {
    const held = this.held.get(key);
    return held && held.until > performance.now() ? held.left : 0;
  }

  private hold(key: string, tokens: number): void {
    const left = this.leftOf(key) + tokens;
    if (this.held.size >= MOST_KEYS) this.held.clear();
    this.held.set(key, { left, until: performance.now() + HELD_MS, renewing: false });
  }
}
