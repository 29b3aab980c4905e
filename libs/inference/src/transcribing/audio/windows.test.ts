import { toneSamples, type Tone } from '@midplane/testing';
import { expect, it } from 'vitest';
import { SAMPLE_RATE } from './resampler.js';
import { speechWindows } from './windows.js';

async function* inPieces(tones: Tone[]): AsyncGenerator<Float32Array> {
  const samples = toneSamples(tones, SAMPLE_RATE);
  for (let at = 0; at < samples.length; at += 12_345) yield samples.subarray(at, at + 12_345);
}

async function windowsOf(...tones: Tone[]): Promise<{ start: number; seconds: number }[]> {
  const windows = await Array.fromAsync(speechWindows(inPieces(tones)));
  return windows.map(({ start, samples }) => ({ start, seconds: samples.length / SAMPLE_RATE }));
}
const sound = (seconds: number): Tone => ({ hertz: 440, seconds });
const silence = (seconds: number): Tone => ({ hertz: 0, seconds });

it('leaves short sound whole', async () => {
  expect(await windowsOf(sound(4))).toEqual([{ start: 0, seconds: 4 }]);
  expect(await windowsOf(sound(30))).toEqual([{ start: 0, seconds: 30 }]);
});

it('cuts long sound where it is quietest, and loses none of it', async () => {
  const windows = await windowsOf(sound(23), silence(0.4), sound(26), silence(0.4), sound(15));
  expect(windows.map(({ start }) => start)).toEqual([0, expect.closeTo(23.2, 0), expect.closeTo(49.6, 0)]);
  expect(windows[1]!.start).toBeGreaterThan(23);
  expect(windows[1]!.start).toBeLessThan(23.4);
  for (const [i, { start }] of windows.slice(1).entries())
    expect(start).toBeCloseTo(windows[i]!.start + windows[i]!.seconds, 6);
  const last = windows.at(-1)!;
  expect(last.start + last.seconds).toBeCloseTo(64.8, 3);
});

it('cuts sound without a pause at thirty seconds at the latest', async () => {
  const windows = await windowsOf(sound(70));
  for (const { seconds } of windows) expect(seconds).toBeLessThanOrEqual(30);
  expect(windows.reduce((sum, { seconds }) => sum + seconds, 0)).toBeCloseTo(70, 6);
});

it('passes over silence, and keeps the times of what follows', async () => {
  expect(await windowsOf(silence(12))).toEqual([]);
  const windows = await windowsOf(silence(65), sound(5));
  expect(windows).toHaveLength(1);
  expect(windows[0]!.start).toBeGreaterThan(20);
  expect(windows[0]!.start + windows[0]!.seconds).toBeCloseTo(70, 6);
});
