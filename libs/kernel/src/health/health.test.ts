import { expect, it } from 'vitest';
import { Health } from './health.js';

it('is ready where every dependency answers', async () => {
  const health = new Health();
  health.add('postgres', async () => 1);
  expect(await health.ready()).toEqual({ ready: true, dependencies: [{ name: 'postgres', up: true }] });
});

it('names what is down, and tells nothing of the error', async () => {
  const health = new Health();
  health.add('postgres', async () => 1);
  health.add('redis', async () => {
    throw new Error('connect ECONNREFUSED redis://:sesame@10.0.0.1');
  });
  expect(await health.ready()).toEqual({
    ready: false,
    dependencies: [
      { name: 'postgres', up: true },
      { name: 'redis', up: false, reason: 'cannot be reached' },
    ],
  });
});

it('is ready without what it can do without, and shows it', async () => {
  const health = new Health();
  health.add('redis', () => Promise.reject(new Error('gone')), { needed: false });
  expect(await health.ready()).toEqual({
    ready: true,
    dependencies: [{ name: 'redis', up: false, reason: 'cannot be reached' }],
  });
});

it('does not wait for ever', async () => {
  const health = new Health();
  health.add('ingest', () => new Promise(() => {}));
  expect((await health.ready()).dependencies).toEqual([
    { name: 'ingest', up: false, reason: 'does not answer in time' },
  ]);
});
