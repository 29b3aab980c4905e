import type { Redis } from 'ioredis';
import { asError, type Logger } from '@midplane/kernel';
import { LocalRateLimiter } from './local.rate-limiter.js';
import type { RateLimiter } from './rate-limiter.port.js';

/** The same bucket as the local one, in one atomic step and by Redis's clock. Gives the ms to wait, as text. */
const TAKE = `
local per_minute = tonumber(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(bucket[1]) or per_minute
local at = tonumber(bucket[2]) or now
tokens = math.min(per_minute, tokens + (now - at) * per_minute / 60000)
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = (1 - tokens) * 60000 / per_minute end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', tostring(now))
redis.call('PEXPIRE', KEYS[1], 60000)
return tostring(wait)`;

/** Token buckets in Redis (REDIS_URL), shared by all gateways. While Redis is away each counts for itself. */
export class RedisRateLimiter implements RateLimiter {
  private readonly fallback = new LocalRateLimiter();

  /** @param redis a connection of its own, which fails at once rather than queue while it is away */
  constructor(
    private readonly redis: Redis,
    private readonly logger: Logger,
  ) {
    redis.on('error', (error) => logger.warn({ err: error }, 'Redis, for rate limits, is away'));
  }

  async take(key: string, perMinute: number): Promise<number> {
    try {
      return Number(await this.redis.eval(TAKE, 1, `midplane:rate:${key}`, perMinute));
    } catch (error) {
      this.logger.warn({ err: asError(error) }, 'a rate limit is counted in this process alone');
      return this.fallback.take(key, perMinute);
    }
  }

  async close(): Promise<void> {
    this.redis.disconnect();
  }
}
