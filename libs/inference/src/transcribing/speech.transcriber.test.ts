import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '@midplane/kernel';
import {
  type Tone,
  TONES,
  toneSamples,
  waveFile,
  writeMoonshineToneModel,
  writeToneModel,
} from '@midplane/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInference, type Inference } from '../inference.js';
import { SHIPPED_MODEL } from '../models/model-catalog.js';

/*
 * No speech model is small enough to be shipped for a test. These tests run real ONNX graphs by the same files, threads
 * and runtime as any Whisper of a hub; their weights are not learnt, but write a word for each second by its tone
 * (`writeToneModel`). They show that sound goes in whole and text, times, language and prompt come out right, and nothing
 * about how well a model understands speech.
 */

let modelsDir: string;
let inference: Inference;
beforeAll(async () => {
  modelsDir = await mkdtemp(join(tmpdir(), 'midplane-speech-'));
  await writeToneModel(join(modelsDir, 'tones'));
  await writeToneModel(join(modelsDir, 'english'), { multilingual: false });
  inference = createInference({
    modelsDir,
    transcribeModel: 'tones',
    transcribeSeconds: 100,
    modelsLoaded: 8,
  });
});
afterAll(async () => {
  await inference.close();
  await rm(modelsDir, { recursive: true, force: true });
});

const deep = (seconds: number): Tone => ({ hertz: TONES.deep, seconds });
const high = (seconds: number): Tone => ({ hertz: TONES.high, seconds });
const silence = (seconds: number): Tone => ({ hertz: 0, seconds });
const sound = (...tones: Tone[]): Blob =>
  new Blob([waveFile(toneSamples(tones, 16_000)) as Buffer<ArrayBuffer>]);

const transcribe = (audio: Blob, more: Partial<Parameters<Inference['transcribe']>[0]> = {}) =>
  inference.transcribe({ audio, urgency: 'interactive', ...more });

const problemOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof UserError ? error.problem : error),
  );

describe('a Whisper of MODELS_DIR', () => {
  it('writes down what it hears, with times and language', async () => {
    const { model, ...transcript } = await transcribe(sound(deep(2), high(1), silence(1.5)));
    expect(model).toEqual({ name: 'tones', revision: expect.stringMatching(/^[0-9a-f]{16}$/) });
    expect(transcript).toEqual({
      text: 'low low high',
      language: 'en',
      seconds: 4.5,
      segments: [
        { start: 0, end: 1, text: 'low' },
        { start: 1, end: 2, text: 'low' },
        { start: 2, end: 3, text: 'high' },
      ],
    });
    expect((await transcribe(sound(high(3), deep(1)))).language).toBe('zh');
  });

  it('goes through long sound window by window, in the language of the first', async () => {
    const { text, language, seconds, segments } = await transcribe(
      sound(deep(25), silence(0.5), high(25), silence(0.5), high(9)),
    );
    expect({ language, seconds }).toEqual({ language: 'en', seconds: 60 });
    expect(text).toMatch(/^low( low){24,}( high)+$/);
    // Each word stands where its tone is, in the whole sound.
    for (const { start, end, text: word } of segments) {
      expect(end - start).toBeLessThanOrEqual(1);
      expect(word).toBe((start + end) / 2 < 25.25 ? 'low' : 'high');
    }
    expect(segments.at(-1)!.end).toBeGreaterThan(58);
  });

  it('takes the language that is named, by code or name, and no other', async () => {
    for (const language of ['zh', 'zh-CN', 'Chinese'])
      expect(await transcribe(sound(deep(1)), { language })).toMatchObject({ text: 'low', language: 'zh' });
    for (const language of ['fr', 'klingon'])
      expect(await problemOf(transcribe(sound(deep(1)), { language }))).toMatchObject({
        code: 'INVALID_INPUT',
        params: { field: 'language' },
      });
    const english = { model: 'english' };
    expect(await transcribe(sound(high(1)), english)).toMatchObject({ text: 'high', language: 'en' });
    expect(await transcribe(sound(high(1)), { ...english, language: 'en' })).toMatchObject({ text: 'high' });
    expect(await problemOf(transcribe(sound(high(1)), { ...english, language: 'zh' }))).toMatchObject({
      code: 'INVALID_INPUT',
    });
  });

  it('reads a prompt before the sound, and is not put off by a long one', async () => {
    for (const prompt of ['low', 'low high '.repeat(400)])
      expect(await transcribe(sound(deep(1)), { prompt })).toMatchObject({ text: 'low' });
  });

  it('hears nothing in silence', async () => {
    expect(await transcribe(sound(silence(3)))).toMatchObject({
      text: '',
      language: null,
      seconds: 3,
      segments: [],
    });
  });

  it.each(['tone.mp3', 'tone.m4a', 'tone.webm', 'tone.ogg', 'tone.opus', 'tone.flac'])(
    'reads %s',
    async (name) => {
      const bytes = await readFile(new URL(`./fixtures/${name}`, import.meta.url));
      expect(await transcribe(new Blob([bytes]))).toMatchObject({ text: expect.stringMatching(/^low/) });
    },
  );

  it('says what is wrong with the sound', async () => {
    expect(await problemOf(transcribe(new Blob(['no sound at all'])))).toEqual({
      code: 'AUDIO_UNREADABLE',
      params: { field: 'file', detail: expect.any(String), detailZh: expect.stringMatching(/[一-鿿]/) },
    });
    expect(await problemOf(transcribe(sound(deep(101))))).toEqual({
      code: 'AUDIO_TOO_LONG',
      params: { minutes: 100 / 60 },
    });
    expect((await transcribe(sound(deep(1)))).text).toBe('low');
  });

  it('counts what is read, whatever the container says of its length', async () => {
    const file = waveFile(toneSamples([deep(101)], 16_000));
    // A second, by the header; the rest stands behind the end that it names.
    file.writeUInt32LE(32_000, 40);
    expect(await transcribe(new Blob([file as Buffer<ArrayBuffer>]))).toMatchObject({
      text: 'low',
      seconds: 1,
    });
  });

  it('stops between two windows where nobody waits any more, and serves the next', async () => {
    const gone = new AbortController();
    const work = transcribe(sound(deep(90)), { signal: gone.signal });
    setTimeout(() => gone.abort(new Error('gone')), 1);
    await expect(work).rejects.toThrow('gone');
    expect((await transcribe(sound(high(1)))).text).toBe('high');
  });

  it('is kept apart from models for texts, and named where it is missing or broken', async () => {
    const { configured, others } = await inference.transcribeModels();
    expect(configured?.name).toBe('tones');
    expect(others.map(({ name }) => name)).toEqual(['english']);
    expect(await problemOf(transcribe(sound(deep(1)), { model: SHIPPED_MODEL }))).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      params: { reason: 'it is an embedder, and a speech model is asked for' },
    });
    expect(await problemOf(transcribe(sound(deep(1)), { model: 'not-there' }))).toMatchObject({
      code: 'MODEL_NOT_FOUND',
      params: { available: 'english, tones' },
    });
    await writeToneModel(join(modelsDir, 'broken'));
    await rm(join(modelsDir, 'broken/preprocessor_config.json'));
    expect(await problemOf(transcribe(sound(deep(1)), { model: 'broken' }))).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      params: { reason: expect.stringContaining('preprocessor_config.json is missing') },
    });
    await writeToneModel(join(modelsDir, 'broken'));
    await writeFile(join(modelsDir, 'broken/onnx/encoder_model.onnx'), 'no graph');
    expect(await problemOf(transcribe(sound(deep(1)), { model: 'broken' }))).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      params: { model: 'broken' },
    });
    expect(await problemOf(createInference().transcribe({ audio: sound(deep(1)), urgency: 'bulk' }))).toEqual(
      {
        code: 'TRANSCRIBER_NOT_CONFIGURED',
        params: {},
      },
    );
  });

  it('counts its windows and the tokens that it wrote', async () => {
    const own = createInference({ modelsDir, transcribeModel: 'tones' });
    await own.transcribe({ audio: sound(deep(2), silence(1)), urgency: 'bulk' });
    const load = (await own.load())['tones'];
    expect(load).toMatchObject({ texts: 1, tokens: 6, inFlight: 0 });
    expect(load!.busySeconds).toBeGreaterThan(0);
    await own.close();
  });
});

it('runs a Moonshine, which says neither times nor language', async () => {
  await writeMoonshineToneModel(join(modelsDir, 'moonshine'));
  const moonshine = { model: 'moonshine' };
  expect(await transcribe(sound(deep(2)), moonshine)).toMatchObject({
    text: 'low',
    language: null,
    segments: [{ start: 0, end: 2, text: 'low' }],
  });
  const long = await transcribe(sound(high(28), silence(0.5), deep(5)), { ...moonshine, language: 'en' });
  expect(long).toMatchObject({ text: 'high low', language: 'en', segments: [{ start: 0 }, { text: 'low' }] });
});
