import { hashKey } from '@midplane/kernel';
import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { asPrincipal, createKey, createPrincipal, createTenant, testDatabase, testRedis } from '../index.js';

const cleanups: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

test('each database is its own, empty and migrated, and gone when closed', async () => {
  const [first, second] = await Promise.all([testDatabase(), testDatabase()]);
  cleanups.push(() => second.close());
  await createTenant(first.database, 'only in the first');
  const names = (from: typeof first) => from.dataSource.query<{ name: string }[]>('select name from tenant');
  expect(await names(first)).toEqual([{ name: 'only in the first' }]);
  expect(await names(second)).toEqual([]);

  const name = new URL(first.url).pathname.slice(1);
  const count = () =>
    second.dataSource.query<{ n: number }[]>(
      'select count(*)::int as n from pg_database where datname = $1',
      [name],
    );
  expect(await count()).toEqual([{ n: 1 }]);
  await first.close();
  expect(await count()).toEqual([{ n: 0 }]);
});

test('a principal made here works under the row-level security of its tenant, and its key is known', async () => {
  const { database, dataSource, close } = await testDatabase();
  cleanups.push(close);
  const one = await createPrincipal(database, { roles: ['application'], groups: ['staff'] });
  const other = await createPrincipal(database);
  const users = () =>
    database.tenant((manager) => manager.query<{ id: string }[]>('select id from app_user'));
  expect(await asPrincipal(one, users)).toEqual([{ id: one.userId }]);
  expect(await asPrincipal(other, users)).toEqual([{ id: other.userId }]);
  const key = await createKey(database, one);
  expect(
    await dataSource.query('select user_id, roles from api_key where hash = $1', [hashKey(key)]),
  ).toEqual([{ user_id: one.userId, roles: ['application'] }]);
});

test('a Redis is empty again after a restart', async () => {
  const redis = await testRedis();
  cleanups.push(() => redis.close());
  const client = new Redis(redis.url);
  await client.set('k', 'v');
  expect(await client.get('k')).toBe('v');
  await client.quit();
  await redis.restart();
  const again = new Redis(redis.url);
  expect(await again.get('k')).toBeNull();
  await again.quit();
});
