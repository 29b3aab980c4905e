import { describe, expect, it, vi } from 'vitest';
import { characters, Scheduler, type Priority, type Task } from './scheduler.js';

const PACKET = { items: 2, weight: 100 };

/** A slot that finishes a packet only when told to, and notes what it was given. */
class Slot {
  readonly taken: string[] = [];
  #finish: (() => void)[] = [];

  work(texts: readonly string[]): Promise<string[]> {
    this.taken.push(texts.join(' '));
    return new Promise((resolve) =>
      this.#finish.push(() => resolve(texts.map((text) => text.toUpperCase()))),
    );
  }

  async finish(packets = 1): Promise<void> {
    for (let i = 0; i < packets; i += 1) {
      this.#finish.shift()?.();
      await new Promise(setImmediate);
    }
  }
}

function setUp(limit = 100) {
  const slot = new Slot();
  const scheduler = new Scheduler([slot], limit, 'some model');
  const submit = (priority: Priority, texts: string, signal?: AbortSignal): Promise<string[]> =>
    scheduler.submit({
      items: texts.split(' '),
      priority,
      signal,
      task: { packet: PACKET, weigh: characters, run: (each, packet) => each.work(packet) },
    });
  return { slot, scheduler, submit };
}

describe('Scheduler', () => {
  it('gives results in the order of the texts', async () => {
    const { slot, submit } = setUp();
    const done = submit('bulk', 'a b c');
    await slot.finish(2);
    expect(await done).toEqual(['A', 'B', 'C']);
    expect(slot.taken).toEqual(['a b', 'c']);
  });

  it('serves interactive texts before counting, and counting before bulk that came earlier', async () => {
    const { slot, submit } = setUp();
    void submit('bulk', 'b1 b2 b3 b4');
    void submit('counting', 'c1');
    void submit('interactive', 'i1');
    await slot.finish(4);
    expect(slot.taken).toEqual(['b1 b2', 'i1', 'c1', 'b3 b4']);
  });

  it('lets requests of one priority take turns', async () => {
    const { slot, submit } = setUp();
    void submit('bulk', 'a1 a2 a3 a4 a5 a6');
    void submit('bulk', 'b1 b2 b3');
    await slot.finish(5);
    expect(slot.taken).toEqual(['a1 a2', 'a3 a4', 'b1 b2', 'a5 a6', 'b3']);
  });

  it('ends a packet where it has enough characters', async () => {
    const { slot, submit } = setUp();
    void submit('bulk', `${'x'.repeat(100)} y z`);
    await slot.finish(2);
    expect(slot.taken).toEqual(['x'.repeat(100), 'y z']);
  });

  it('ends a packet before a text that would be too many characters', async () => {
    const { slot, submit } = setUp();
    void submit('bulk', `x ${'y'.repeat(99)} ${'z'.repeat(2)}`);
    await slot.finish(3);
    expect(slot.taken).toEqual([`x ${'y'.repeat(99)}`, 'zz']);
    void submit('bulk', `x ${'y'.repeat(100)} z`);
    await slot.finish(3);
    expect(slot.taken.slice(2)).toEqual(['x', 'y'.repeat(100), 'z']);
  });

  it('takes the texts of a cancelled request out of the queue', async () => {
    const { slot, scheduler, submit } = setUp();
    const cancelled = new AbortController();
    const first = submit('bulk', 'a1 a2 a3 a4', cancelled.signal);
    const second = submit('bulk', 'b1');
    cancelled.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    expect(scheduler.queued.bulk).toBe(1);
    await slot.finish(2);
    expect(await second).toEqual(['B1']);
    expect(slot.taken).toEqual(['a1 a2', 'b1']);
    expect(scheduler.idle).toBe(true);
  });

  it('does not start a request that is cancelled already', async () => {
    const { slot, submit } = setUp();
    await expect(submit('bulk', 'a', AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(slot.taken).toEqual([]);
  });

  it('refuses what the queue has no room for, of that priority only', async () => {
    const { slot, scheduler, submit } = setUp(4);
    void submit('bulk', 'a1 a2 a3 a4 a5');
    await expect(submit('bulk', 'b1 b2')).rejects.toMatchObject({
      problem: { code: 'MODEL_OVERLOADED', params: { model: 'some model' } },
    });
    void submit('interactive', 'i1');
    expect(scheduler.queued).toEqual({ interactive: 1, counting: 0, bulk: 3 });
    await slot.finish(4);
    expect(slot.taken).toEqual(['a1 a2', 'i1', 'a3 a4', 'a5']);
  });

  it('fails a request with the first error of a packet, and goes on with the next', async () => {
    const scheduler = new Scheduler(['only'], 100, 'some model');
    const run = (_: string, texts: readonly string[]): Promise<number[]> =>
      texts.includes('bad') ? Promise.reject(new Error('broken')) : Promise.resolve(texts.map(() => 1));
    const packet = { items: 1, weight: 100 };
    const task = { packet, weigh: characters, run };
    const failing = scheduler.submit({ items: ['ok', 'bad', 'never'], priority: 'bulk', task });
    const fine = scheduler.submit({ items: ['fine'], priority: 'bulk', task });
    await expect(failing).rejects.toThrow('broken');
    expect(await fine).toEqual([1]);
    await scheduler.drained();
    expect(scheduler.idle).toBe(true);
  });
});

/** Requests that share packets: of four items at most, which wait for more where they are not full. */
function sharing(gatherMs: number) {
  const taken: string[][] = [];
  const free: (() => void)[] = [];
  const scheduler = new Scheduler(['only'], 100, 'some model');
  const task: Task<string, string, string> = {
    packet: { items: 4, weight: 100 },
    gatherMs,
    weigh: characters,
    run: async (_, texts) => {
      taken.push([...texts]);
      await new Promise<void>((resolve) => free.push(resolve));
      if (texts.includes('bad')) throw new Error('broken');
      return texts.map((text) => text.toUpperCase());
    },
  };
  const submit = (priority: Priority, texts: string, signal?: AbortSignal) =>
    scheduler.submit({ task, priority, items: texts.split(' '), signal });
  const finish = async (packets: number): Promise<void> => {
    for (let i = 0; i < packets; i += 1) {
      await vi.waitFor(() => expect(free).not.toHaveLength(0));
      free.shift()!();
      await new Promise(setImmediate);
    }
  };
  return { scheduler, taken, submit, finish };
}

describe('a task whose requests share packets', () => {
  it('fills packets with several requests, each of which gets its own results', async () => {
    const { taken, submit, finish } = sharing(0);
    const done = [submit('bulk', 'a b c d e'), submit('bulk', 'f'), submit('bulk', 'g h i')];
    await finish(3);
    expect(taken).toEqual([['a', 'b', 'c', 'd'], ['e', 'f', 'g', 'h'], ['i']]);
    expect(await Promise.all(done)).toEqual([['A', 'B', 'C', 'D', 'E'], ['F'], ['G', 'H', 'I']]);
  });

  it('waits for more where a packet is not full, and no longer once it is', async () => {
    const { taken, submit, finish } = sharing(600_000);
    const done = [submit('interactive', 'a'), submit('interactive', 'b c')];
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(taken).toEqual([]);
    done.push(submit('interactive', 'd'));
    await finish(1);
    expect(taken).toEqual([['a', 'b', 'c', 'd']]);
    expect(await Promise.all(done)).toEqual([['A'], ['B', 'C'], ['D']]);
  });

  it('goes on by itself when it has waited long enough', async () => {
    const { taken, submit, finish } = sharing(5);
    const done = submit('interactive', 'a');
    await finish(1);
    expect(await done).toEqual(['A']);
    expect(taken).toEqual([['a']]);
  });

  it('never mixes priorities', async () => {
    const { taken, submit, finish } = sharing(0);
    const done = [submit('bulk', 'busy'), submit('bulk', 'a'), submit('interactive', 'i')];
    await finish(3);
    expect(taken).toEqual([['busy'], ['i'], ['a']]);
    await Promise.all(done);
  });

  it('lets a request alone fail whose item cannot be done', async () => {
    const { taken, submit, finish } = sharing(0);
    const blocking = submit('bulk', 'x');
    const failing = submit('bulk', 'bad');
    const fine = submit('bulk', 'a b');
    failing.catch(() => undefined);
    await finish(4);
    await expect(failing).rejects.toThrow('broken');
    expect([await blocking, await fine]).toEqual([['X'], ['A', 'B']]);
    expect(taken).toEqual([['x'], ['bad', 'a', 'b'], ['bad'], ['a', 'b']]);
  });

  it('leaves out a request that was cancelled while it gathered', async () => {
    const { scheduler, taken, submit, finish } = sharing(20);
    const gone = new AbortController();
    const cancelled = submit('bulk', 'a b', gone.signal);
    const fine = submit('bulk', 'c');
    gone.abort(new Error('gone'));
    await expect(cancelled).rejects.toThrow('gone');
    await finish(1);
    expect(await fine).toEqual(['C']);
    expect(taken).toEqual([['c']]);
    await scheduler.drained();
  });
});
