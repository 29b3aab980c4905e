import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KeptFresh } from './kept-fresh.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Counts up with each reading. */
function counting(most = 10) {
  const read = vi.fn(async (key: string): Promise<string | undefined> => `${key}${read.mock.calls.length}`);
  return { read, values: new KeptFresh(read, most) };
}

describe('values that are kept fresh', () => {
  it('are read once for all who ask at the same time, and then for a moment no more', async () => {
    const { read, values } = counting();
    expect(await Promise.all([values.get('a'), values.get('a')])).toEqual(['a1', 'a1']);
    expect(await values.get('a')).toBe('a1');
    expect(read).toHaveBeenCalledTimes(1);
  });

  it('are read anew in a pause, so that nobody waits after it, and no more when the pause is long', async () => {
    const { read, values } = counting();
    await values.get('a');
    await vi.advanceTimersByTimeAsync(20_500);
    const readings = read.mock.calls.length;
    expect(readings).toBeGreaterThan(10);
    expect(await values.get('a')).toBe(`a${readings}`);
    expect(read).toHaveBeenCalledTimes(readings);

    await vi.advanceTimersByTimeAsync(60_000);
    const all = read.mock.calls.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(read).toHaveBeenCalledTimes(all);
    // Too old by now: read while one waits.
    expect(await values.get('a')).toBe(`a${all + 1}`);
  });

  it('grow too old where they cannot be read, and then who asks is told', async () => {
    const { read, values } = counting();
    await values.get('a');
    read.mockRejectedValue(new Error('away'));
    await vi.advanceTimersByTimeAsync(1_500);
    expect(await values.get('a')).toBe('a1');
    await vi.advanceTimersByTimeAsync(1_000);
    await expect(values.get('a')).rejects.toThrow('away');
  });

  it('are not kept where they were forgotten while they were read, or are nothing', async () => {
    const { read, values } = counting();
    const old = values.get('a');
    values.forget('a');
    expect([await old, await values.get('a')]).toEqual(['a1', 'a2']);
    values.forget();
    read.mockResolvedValueOnce(undefined);
    expect(await values.get('a')).toBeUndefined();
    expect(await values.get('a')).toBe('a4');
  });

  it('begin anew when there are too many', async () => {
    const { values } = counting(2);
    await values.get('a');
    await values.get('b');
    await values.get('c');
    expect(await values.get('a')).toBe('a4');
    expect(await values.get('c')).toBe('c3');
  });

  it('are in a pause kept fresh up to a number, and the others when they are asked for', async () => {
    const { read, values } = counting(1_000);
    for (let i = 0; i < 200; i++) await values.get(`k${i}.`);
    read.mockClear();
    await vi.advanceTimersByTimeAsync(1_100);
    expect(read).toHaveBeenCalledTimes(50);
    await values.get('k199.');
    await vi.advanceTimersByTimeAsync(100);
    expect(read).toHaveBeenLastCalledWith('k199.');
  });
});
