import { readFile } from 'node:fs/promises';
import { toneSamples, wave, type WaveFormat, waveFile } from '@midplane/testing';
import { describe, expect, it } from 'vitest';
import { openAudio } from './audio-source.js';
import { audioTypeOf } from './audio-type.js';
import { SAMPLE_RATE } from './resampler.js';

/** Each holds a tone of 440 Hz for 1.5 s, in two channels of 44,100 samples a second, made with ffmpeg. */
const fixture = (name: string): Promise<Buffer> => readFile(new URL(`../fixtures/${name}`, import.meta.url));

async function read(bytes: Uint8Array): Promise<{ samples: number[]; seconds: number }> {
  const { pieces, seconds } = await openAudio(bytes);
  const samples: number[] = [];
  for await (const piece of pieces) samples.push(...piece);
  return { samples, seconds };
}

/** How strong a tone is among these samples: the amplitude of their part at this frequency. */
function amplitude(samples: readonly number[], hertz: number): number {
  let [re, im] = [0, 0];
  for (const [i, sample] of samples.entries()) {
    const phase = (2 * Math.PI * hertz * i) / SAMPLE_RATE;
    re += sample * Math.cos(phase);
    im += sample * Math.sin(phase);
  }
  return (2 * Math.hypot(re, im)) / samples.length;
}
const middleOf = (samples: readonly number[]): number[] => samples.slice(4000, 20_000);

describe('a file', () => {
  it.each([
    ['tone.mp3', 'mp3'],
    ['tone.m4a', 'm4a'],
    ['tone.webm', 'webm'],
    ['vorbis.webm', 'webm'],
    ['tone.ogg', 'ogg'],
    ['tone.opus', 'ogg'],
    ['tone.flac', 'flac'],
  ])('%s is decoded to one channel of 16,000 samples a second', async (name, type) => {
    const bytes = await fixture(name);
    expect(audioTypeOf(bytes)).toBe(type);
    const { samples, seconds } = await read(bytes);
    expect(seconds).toBeCloseTo(1.5, 0);
    expect(Math.abs(samples.length / SAMPLE_RATE - 1.5)).toBeLessThan(0.1);
    // ffmpeg's tone has an eighth of the full amplitude, and 3 dB less in each of two channels.
    expect(amplitude(middleOf(samples), 440)).toBeCloseTo(0.125 / Math.SQRT2, 2);
    expect(amplitude(middleOf(samples), 880)).toBeLessThan(0.005);
  });

  it.each<[string, Pick<WaveFormat, 'format' | 'bits'>, (sample: number) => number[]]>([
    ['8 bits', { format: 1, bits: 8 }, (sample) => [Math.round(sample * 127) + 128]],
    ['24 bits', { format: 1, bits: 24 }, (sample) => bytesOf(Math.round(sample * 8_388_607), 3)],
    ['32 bits', { format: 1, bits: 32 }, (sample) => bytesOf(Math.round(sample * 2_147_483_647), 4)],
    ['floats', { format: 3, bits: 32 }, (sample) => [...new Uint8Array(Float32Array.of(sample).buffer)]],
    ['doubles', { format: 3, bits: 64 }, (sample) => [...new Uint8Array(Float64Array.of(sample).buffer)]],
  ])('of plain samples of %s in two channels is the mean of both', async (_, format, encode) => {
    const left = toneSamples([{ hertz: 440, seconds: 0.5 }], SAMPLE_RATE);
    const data = Buffer.from([...left].flatMap((sample) => [...encode(sample), ...encode(0)]));
    const { samples } = await read(wave({ ...format, channels: 2, sampleRate: SAMPLE_RATE }, data));
    expect(samples).toHaveLength(left.length);
    for (const [i, sample] of samples.entries()) expect(Math.abs(sample - left[i]! / 2)).toBeLessThan(0.005);
  });

  it('of telephone sound is decoded by ITU-T G.711', async () => {
    // Of the standard's tables: the greatest values of both signs, and the least.
    const ulaw = wave(
      { format: 7, bits: 8, channels: 1, sampleRate: SAMPLE_RATE },
      Buffer.from([0x80, 0x00, 0xff]),
    );
    expect((await read(ulaw)).samples.map((sample) => Math.round(sample * 32_768))).toEqual([
      32_124, -32_124, 0,
    ]);
    const alaw = wave(
      { format: 6, bits: 8, channels: 1, sampleRate: SAMPLE_RATE },
      Buffer.from([0xaa, 0x2a, 0xd5]),
    );
    expect((await read(alaw)).samples.map((sample) => Math.round(sample * 32_768))).toEqual([
      32_256, -32_256, 8,
    ]);
  });

  it.each([8000, 11_025, 22_050, 44_100, 48_000])(
    'of %i samples a second keeps its tone, and gains none',
    async (rate) => {
      const tones = toneSamples([{ hertz: 1000, seconds: 1.5 }], rate);
      // What 16,000 samples a second can't hold would fold back to 4,000 Hz.
      const high = rate > 24_000 ? toneSamples([{ hertz: 12_000, seconds: 1.5 }], rate) : tones.map(() => 0);
      const { samples } = await read(
        waveFile(
          tones.map((sample, i) => (sample + high[i]!) / 2),
          rate,
        ),
      );
      expect(Math.abs(samples.length - 24_000)).toBeLessThanOrEqual(2);
      expect(amplitude(middleOf(samples), 1000)).toBeCloseTo(0.25, 2);
      expect(amplitude(middleOf(samples), 4000)).toBeLessThan(0.001);
    },
  );

  it.each([
    ['random bytes', () => Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251))],
    ['nothing', () => Buffer.alloc(0)],
    ['a header alone', () => waveFile(new Float32Array()).subarray(0, 20)],
    ['a cut-off FLAC', async () => (await fixture('tone.flac')).subarray(0, 60)],
    ['a picture', () => Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
  ])('that is %s is refused in both languages', async (_, bytes) => {
    const reading = read(await bytes());
    await expect(reading).rejects.toMatchObject({
      name: 'UnreadableAudioError',
      texts: { en: expect.stringMatching(/damaged|no sound/), zh: expect.stringMatching(/[一-鿿]/) },
    });
  });
});

const bytesOf = (value: number, length: number): number[] =>
  Array.from({ length }, (_, i) => (value >> (8 * i)) & 0xff);
