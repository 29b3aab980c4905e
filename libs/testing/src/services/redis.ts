import { Redis } from 'ioredis';
import { askForService } from './broker.js';

/** A Redis of a test's own, empty. */
export interface TestRedis {
  url: string;
  /** Loses everything in it: ends the server and starts an empty one at the same address. */
  restart(): Promise<void>;
  /** Ends it. */
  close(): Promise<void>;
}

/** Redis' own default number of logical databases. */
const DATABASES = 16;

/**
 * Starts an empty Redis. Close it in `afterAll`. With MIDPLANE_TEST_REDIS_URL it is an empty logical database of that
 * server, which cannot be restarted.
 *
 * @throws Error with what to do where no Redis can be had.
 */
export async function testRedis(): Promise<TestRedis> {
  const given = process.env.MIDPLANE_TEST_REDIS_URL;
  if (given) return claimDatabase(given);
  const { id, url } = await askForService<{ id: string; url: string }>('/redis');
  return {
    url,
    restart: async () => void (await askForService(`/redis/${id}/restart`)),
    close: async () => void (await askForService(`/redis/${id}/stop`)),
  };
}

/** Claims a logical database that nobody uses: several test files, and several runs, may share the server. */
async function claimDatabase(server: string): Promise<TestRedis> {
  for (let database = 0; database < DATABASES; database++) {
    const url = new URL(server);
    url.pathname = `/${database}`;
    const client = new Redis(url.href);
    if ((await client.dbsize()) === 0 && (await client.set('midplane:test', '1', 'EX', 3600, 'NX'))) {
      return {
        url: url.href,
        restart: () =>
          Promise.reject(
            new Error('Unset MIDPLANE_TEST_REDIS_URL: this test ends its Redis and starts it anew'),
          ),
        close: async () => {
          await client.flushdb();
          await client.quit();
        },
      };
    }
    await client.quit();
  }
  throw new Error(
    'All databases of the Redis at MIDPLANE_TEST_REDIS_URL are in use: empty it, or unset the variable',
  );
}
