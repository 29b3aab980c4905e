import { describe, expect, it } from 'vitest';
import { LoadMeter } from '../scheduling/model-load.js';
import type { LocalModel } from './local-model.js';
import { ModelPool, type PoolLimits } from './model-pool.js';

const idle = { queued: { interactive: 0, counting: 0, bulk: 0 }, inFlight: 0 };

/** A pool of models that take 100 bytes each, and the names of those that were put away. */
function poolOf(limits: Partial<PoolLimits>) {
  const pool = new ModelPool({ modelsLoaded: 100, memoryBytes: 1e9, copies: 1, ...limits });
  const closed: string[] = [];
  const use = (name: string, task: 'embed' | 'rerank' = 'embed', bytes = 100) =>
    pool.use(
      task,
      name,
      async () => ({ bytes }) as LocalModel,
      () => ({
        load: () => new LoadMeter().load(idle),
        close: async () => void closed.push(`${task} ${name}`),
      }),
    );
  return { pool, closed, use };
}

describe('ModelPool', () => {
  it('puts away what was used longest ago where memory ends, whatever kind it is', async () => {
    const { pool, closed, use } = poolOf({ memoryBytes: 300 });
    await use('a');
    await use('b', 'rerank');
    await use('c');
    await use('a');
    expect(closed).toEqual([]);
    await use('d', 'rerank');
    await Promise.resolve();
    expect(closed).toEqual(['rerank b']);
    expect(pool.memory()).toEqual({ c: 100, a: 100, d: 100 });
    await use('large', 'embed', 250);
    expect(Object.keys(pool.memory())).toEqual(['large']);
  });

  it('counts each copy of the weights', async () => {
    const { pool, closed, use } = poolOf({ memoryBytes: 300, copies: 2 });
    await use('a');
    await use('b');
    await Promise.resolve();
    expect(closed).toEqual(['embed a']);
    expect(pool.memory()).toEqual({ b: 200 });
  });

  it('keeps no more models than it may', async () => {
    const { pool, use } = poolOf({ modelsLoaded: 2 });
    for (const name of ['a', 'b', 'c']) await use(name);
    expect(Object.keys(await pool.load())).toEqual(['b', 'c']);
  });
});
