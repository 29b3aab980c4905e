import { setTimeout as sleep } from 'node:timers/promises';
import { toneSamples, waveFile } from '@midplane/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AudioReader } from './audio.reader.js';

const IDLE_MS = 50;
const sound = (seconds: number): Blob =>
  new Blob([waveFile(toneSamples([{ hertz: 440, seconds }], 16_000)) as Buffer<ArrayBuffer>]);

let reader: AudioReader;
beforeEach(() => (reader = new AudioReader(1000, IDLE_MS)));
afterEach(() => reader.close());

it('waits for who takes long over a window, and ends when no file is open', async () => {
  const windows = reader.windows(sound(70));
  let seconds = 0;
  for (;;) {
    const { value, done } = await windows.next();
    if (done) {
      expect(value).toBe(70);
      break;
    }
    seconds += value.samples.length / 16_000;
    await sleep(4 * IDLE_MS);
    expect(reader.running).toBe(true);
  }
  expect(seconds).toBeCloseTo(70, 6);
  await expect.poll(() => reader.running).toBe(false);
  expect((await reader.windows(sound(1)).next()).value).toMatchObject({ start: 0 });
});

it('reads files at the same time, each from its own beginning', async () => {
  const [long, short] = [reader.windows(sound(40)), reader.windows(sound(2))];
  const first = (await long.next()).value as { samples: Float32Array };
  expect((await short.next()).value).toMatchObject({ start: 0 });
  expect(await short.next()).toEqual({ value: 2, done: true });
  const second = (await long.next()).value as { start: number };
  expect(second.start).toBeCloseTo(first.samples.length / 16_000, 6);
  await long.return(0);
  await expect.poll(() => reader.running).toBe(false);
});

it('takes so many files at once and no more', async () => {
  const audio = sound(1);
  const open = Array.from({ length: 32 }, () => reader.windows(audio));
  await Promise.all(open.map((windows) => windows.next()));
  await expect(reader.windows(audio).next()).rejects.toMatchObject({ code: 'MODEL_OVERLOADED' });
  await Promise.all(open.map((windows) => windows.return(0)));
  expect((await reader.windows(audio).next()).done).toBe(false);
});
