import { createLogger } from '@midplane/kernel';
import { testRedis, type TestRedis } from '@midplane/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalRateLimiter } from './local.rate-limiter.js';
import type { RateLimiter } from './rate-limiter.port.js';
import { RedisRateLimiter } from './redis.rate-limiter.js';

const logger = createLogger('silent', 'test');
let server: TestRedis;
beforeAll(async () => {
  server = await testRedis();
});
afterAll(() => server.close());

const connect = () => new Redis(server.url, { maxRetriesPerRequest: 0 });

/** What every rate limiter does, whatever keeps its counts. */
describe.each<[string, () => RateLimiter]>([
  ['in the process', () => new LocalRateLimiter()],
  ['in Redis', () => new RedisRateLimiter(connect(), logger)],
])('a rate limiter %s', (_, make) => {
  it('lets a minute of operations through, and says how long to wait for the next one', async () => {
    const limiter = make();
    const taken = await Promise.all(Array.from({ length: 5 }, () => limiter.take('a', 5)));
    expect(taken).toEqual([0, 0, 0, 0, 0]);
    const wait = await limiter.take('a', 5);
    expect(wait).toBeGreaterThan(6_000);
    expect(wait).toBeLessThanOrEqual(12_000);
    expect(await limiter.take('b', 5)).toBe(0);
    await limiter.close();
  });
});

describe('a rate limiter in the process', () => {
  it('refills evenly, and holds no more than a minute', async () => {
    let now = 0;
    const limiter = new LocalRateLimiter(() => now);
    for (let n = 0; n < 60; n++) expect(await limiter.take('a', 60)).toBe(0);
    expect(await limiter.take('a', 60)).toBe(1000);
    now += 1500;
    expect(await limiter.take('a', 60)).toBe(0);
    expect(await limiter.take('a', 60)).toBe(500);
    now += 3_600_000;
    for (let n = 0; n < 60; n++) expect(await limiter.take('a', 60)).toBe(0);
    expect(await limiter.take('a', 60)).toBeGreaterThan(0);
  });
});

describe('a rate limiter in Redis', () => {
  it('shares its counts with other gateways', async () => {
    const [one, other] = [new RedisRateLimiter(connect(), logger), new RedisRateLimiter(connect(), logger)];
    expect(await one.take('shared', 1)).toBe(0);
    expect(await other.take('shared', 1)).toBeGreaterThan(0);
    await Promise.all([one.close(), other.close()]);
  });

  it('takes some ahead for a key that may do much, and no more than there is', async () => {
    const redis = connect();
    const limiter = new RedisRateLimiter(connect(), logger);
    for (let n = 0; n < 90; n++) expect(await limiter.take('much', 45_000)).toBe(0);
    // Two times 45, and 45 for the next ones; meanwhile the bucket can only have been filled up.
    expect(Number(await redis.hget('midplane:rate:much', 'tokens'))).toBeGreaterThanOrEqual(45_000 - 135);
    await redis.hset('midplane:rate:much', 'tokens', -1_000_000);
    for (let n = 0; n < 45; n++) await limiter.take('much', 45_000);
    expect(await limiter.take('much', 45_000)).toBeGreaterThan(0);
    await Promise.all([limiter.close(), redis.quit()]);
  });

  it('counts for itself while Redis is away', async () => {
    const gone = new Redis({
      port: 1,
      lazyConnect: true,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
    });
    const limiter = new RedisRateLimiter(gone, logger);
    expect(await limiter.take('a', 1)).toBe(0);
    expect(await limiter.take('a', 1)).toBeGreaterThan(0);
    await limiter.close();
  });
});
