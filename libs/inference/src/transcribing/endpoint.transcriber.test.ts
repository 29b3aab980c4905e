import { UserError } from '@midplane/kernel';
import { FakeSpeechServer, toneSamples, waveFile } from '@midplane/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createInference, type Inference } from '../inference.js';
import { transcriptionsUrl } from './transcriptions.protocol.js';

const KEY = 'sk-very-secret';
const audio = new Blob([waveFile(toneSamples([{ hertz: 440, seconds: 1 }], 16_000)) as Buffer<ArrayBuffer>]);

let server: FakeSpeechServer;
beforeAll(async () => (server = await FakeSpeechServer.start()));
afterAll(() => server.close());

let inference: Inference;
beforeEach(() => {
  inference = createInference({
    transcribeEndpoint: {
      baseUrl: server.url,
      model: 'whisper-1',
      apiKey: KEY,
      concurrency: 1,
      timeoutMs: 1500,
    },
  });
});
afterEach(() => inference.close());

const transcribe = (more: Partial<Parameters<Inference['transcribe']>[0]> = {}) =>
  inference.transcribe({ audio, urgency: 'interactive', ...more });

const problemOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof UserError ? error.problem : error),
  );

describe('an endpoint', () => {
  it('is sent the file as it came, and what is known about it', async () => {
    server.say('fifteen days', { usage: { total_tokens: 9 } });
    const { model, ...transcript } = await transcribe({
      language: 'English',
      prompt: 'Annual leave',
      temperature: 0.2,
    });
    expect(model).toEqual({ name: 'whisper-1', revision: expect.stringMatching(/^[0-9a-f]{16}$/) });
    expect(transcript).toEqual({
      text: 'fifteen days',
      language: 'en',
      seconds: 2.25,
      segments: [{ start: 0, end: 1.5, text: 'fifteen days' }],
    });
    const [{ path, headers, fields, file }] = server.requests as [(typeof server.requests)[number]];
    expect(path).toBe('/v1/audio/transcriptions');
    expect(headers.authorization).toBe(`Bearer ${KEY}`);
    expect(fields).toEqual({
      model: 'whisper-1',
      response_format: 'verbose_json',
      'timestamp_granularities[]': 'segment',
      language: 'en',
      prompt: 'Annual leave',
      temperature: '0.2',
    });
    expect(file).toEqual({ name: 'audio.wav', bytes: Buffer.from(await audio.arrayBuffer()) });
    expect((await inference.load())['whisper-1']).toMatchObject({ texts: 1, tokens: 9 });
  });

  it('is asked for the text alone where it gives no times, then and from then on', async () => {
    server.reply(({ fields }, response) => {
      if (fields['response_format'] === 'json') return response.end(JSON.stringify({ text: ' fine ' }));
      const message = "response_format 'verbose_json' is not compatible with model 'gpt-4o-transcribe'";
      return response.writeHead(400).end(JSON.stringify({ error: { message } }));
    });
    expect(await transcribe()).toMatchObject({ text: 'fine', language: null, segments: [] });
    expect(await transcribe()).toMatchObject({ text: 'fine' });
    const formats = server.requests.map(({ fields }) => fields['response_format']);
    expect(formats).toEqual(['verbose_json', 'json', 'json']);
  });

  it('that can not read the sound is believed, and asked once', async () => {
    for (const [status, message] of [
      [400, 'The audio file could not be decoded or its format is not supported.'],
      [413, 'too large'],
      [415, 'no'],
    ] as const) {
      server.refuse(status, message);
      expect(await problemOf(transcribe())).toMatchObject({
        code: 'AUDIO_UNREADABLE',
        params: { field: 'file' },
      });
      expect(server.requests).toHaveLength(1);
    }
  });

  it('is not asked about what is no sound', async () => {
    server.say('never');
    const work = transcribe({ audio: new Blob(['%PDF-1.7 and so on and on']) });
    expect(await problemOf(work)).toMatchObject({ code: 'AUDIO_UNREADABLE' });
    expect(server.requests).toHaveLength(0);
  });

  it.each([
    [401, /TRANSCRIBE_API_KEY/],
    [404, /TRANSCRIBE_BASE_URL and TRANSCRIBE_MODEL/],
    [422, /HTTP 422/],
  ])('that answers %i is not asked again, and what to check is said', async (status, reason) => {
    server.refuse(status, 'no');
    expect(await problemOf(transcribe())).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      params: { model: 'whisper-1', reason: expect.stringMatching(reason) },
    });
    expect(server.requests).toHaveLength(1);
  });

  it('that fails once is asked again, with the whole file', async () => {
    server.reply((_, response, n) => {
      if (n === 1) response.writeHead(503, { 'retry-after': '0' }).end();
      else response.end(JSON.stringify({ text: 'fine' }));
    });
    expect((await transcribe()).text).toBe('fine');
    expect(server.requests.map(({ file }) => file.bytes.length)).toEqual([audio.size, audio.size]);
  });

  it.each([
    ['broken JSON', '{"text":'],
    ['another shape', '{"transcript":"hm"}'],
    ['a page of a proxy', '<html>sign in</html>'],
    ['times that are none', '{"text":"x","segments":[{"start":-1,"end":"soon","text":"x"}]}'],
  ])('that answers with %s is not believed', async (_, body) => {
    server.reply((__, response) => response.end(body));
    expect(await problemOf(transcribe())).toMatchObject({ code: 'MODEL_UNAVAILABLE' });
  });

  it('that hangs, or hangs up, is given up', async () => {
    server.reply(() => undefined);
    expect(await problemOf(transcribe())).toMatchObject({
      params: { reason: 'it did not answer within 1500 ms' },
    });
    server.reply((_, response) => response.destroy());
    expect(await problemOf(transcribe())).toMatchObject({
      params: { reason: expect.stringContaining('cannot be reached') },
    });
  });

  it('is left alone by who goes away', async () => {
    server.reply(() => undefined);
    const gone = new AbortController();
    const work = transcribe({ signal: gone.signal });
    await expect.poll(() => server.requests.length).toBe(1);
    gone.abort(new Error('gone'));
    await expect(work).rejects.toThrow('gone');
    await expect.poll(() => server.aborted).toBe(1);
  });

  it('never has its key in a message', async () => {
    server.refuse(401, KEY);
    expect(JSON.stringify(await problemOf(transcribe()))).not.toContain(KEY);
  });
});

it.each([
  ['http://speech:8000', 'http://speech:8000/v1/audio/transcriptions'],
  ['http://speech:8000/v1/', 'http://speech:8000/v1/audio/transcriptions'],
  ['https://api.example.com/openai/v1', 'https://api.example.com/openai/v1/audio/transcriptions'],
  ['http://speech/v1/audio/transcriptions', 'http://speech/v1/audio/transcriptions'],
])('posts for %s to %s', (base, url) => {
  expect(transcriptionsUrl(base)).toBe(url);
});
