import type { Transcript } from '@midplane/contracts';
import { z } from 'zod';
import { EndpointError } from '../endpoint/endpoint.client.js';
import { type AudioType } from './audio/audio-type.js';
import { languageCode } from './languages.js';
import type { TranscribeOptions } from './transcriber.port.js';

/** OpenAI's `verbose_json`, and its `json`, which holds the text alone. */
const Answer = z.object({
  text: z.string(),
  /** OpenAI says `english`, others `en`. */
  language: z.string().nullish(),
  duration: z.coerce.number().min(0).nullish(),
  segments: z
    .array(z.object({ start: z.number().min(0), end: z.number().min(0), text: z.string() }))
    .nullish(),
  usage: z.object({ total_tokens: z.number().nullish(), seconds: z.number().min(0).nullish() }).nullish(),
});

/** With times, or without where a server or its model has none. */
export type AnswerFormat = 'verbose_json' | 'json';

/** The server's model gives no times. */
export class FormatRefusedError extends EndpointError {
  override readonly name = 'FormatRefusedError';
}

/** The server says that it can't read the sound. */
export class AudioRefusedError extends EndpointError {
  override readonly name = 'AudioRefusedError';
}

/** @returns where to post: the base with `/audio/transcriptions`, and with `/v1` where the base has no path */
export function transcriptionsUrl(baseUrl: string): string {
  const url = new URL(baseUrl);
  const path = url.pathname.replace(/\/+$/, '');
  if (!path.endsWith('/audio/transcriptions')) url.pathname = `${path || '/v1'}/audio/transcriptions`;
  return url.href;
}

/** @param type the file's, by which servers tell what it is */
export function transcriptionsRequest(
  model: string,
  audio: Blob,
  type: AudioType,
  format: AnswerFormat,
  { language, prompt, temperature }: Pick<TranscribeOptions, 'language' | 'prompt' | 'temperature'>,
): FormData {
  const form = new FormData();
  form.set('model', model);
  form.set('response_format', format);
  if (format === 'verbose_json') form.set('timestamp_granularities[]', 'segment');
  if (language !== undefined) form.set('language', language);
  if (prompt) form.set('prompt', prompt);
  if (temperature !== undefined) form.set('temperature', String(temperature));
  // The file comes last: some servers begin when it is there.
  form.set('file', audio, `audio.${type}`);
  return form;
}

/**
 * @returns what was said, and the tokens that the server counted (0 where it does not say)
 * @throws EndpointError where the answer has another shape
 */
export function readTranscript(json: unknown): Transcript & { tokens: number } {
  const answer = Answer.safeParse(json);
  if (!answer.success)
    throw new EndpointError(
      "its answer does not have the shape of OpenAI's transcriptions; check TRANSCRIBE_BASE_URL",
      false,
    );
  const { text, language, duration, segments, usage } = answer.data;
  return {
    text: text.trim(),
    language: (language && languageCode(language)) || null,
    seconds: duration ?? usage?.seconds ?? segments?.at(-1)?.end ?? 0,
    segments: (segments ?? []).map((segment) => ({ ...segment, text: segment.text.trim() })),
    tokens: usage?.total_tokens ?? 0,
  };
}

/** A refusal of the format or the sound comes as 400 or 422, in words of each server's own. */
export function readRefusal(status: number, body: string): EndpointError | undefined {
  if (status === 413) return new AudioRefusedError('the file is too large for it (HTTP 413)', false);
  if (status === 415) return new AudioRefusedError('it does not take this kind of file (HTTP 415)', false);
  if (status !== 400 && status !== 422) return undefined;
  if (/response_format|verbose_json|timestamp_granularit/i.test(body))
    return new FormatRefusedError(`it gives no timestamps (HTTP ${status})`, false);
  if (/audio|decode|file format|corrupt|too short/i.test(body))
    return new AudioRefusedError(`it cannot read the sound (HTTP ${status})`, false);
  return undefined;
}
