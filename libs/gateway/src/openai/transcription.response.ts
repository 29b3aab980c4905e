import type { Transcript, TranscriptSegment } from '@midplane/contracts';
import type { TranscriptionFormat } from './transcription.request.js';

/** A transcript in the form that was asked for. */
export interface TranscriptionResponse {
  type: string;
  body: string;
}

const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';

const NAMES = new Intl.DisplayNames('en', { type: 'language' });

/** @param temperature that was asked for, which OpenAI repeats */
export function transcriptionResponse(
  transcript: Transcript,
  format: TranscriptionFormat,
  temperature: number,
): TranscriptionResponse {
  switch (format) {
    case 'text':
      return { type: TEXT, body: `${transcript.text}\n` };
    case 'srt':
      return { type: TEXT, body: srt(cuesOf(transcript)) };
    case 'vtt':
      return { type: TEXT, body: vtt(cuesOf(transcript)) };
    case 'json':
      return { type: JSON_TYPE, body: JSON.stringify({ text: transcript.text, usage: usageOf(transcript) }) };
    case 'verbose_json':
      return { type: JSON_TYPE, body: JSON.stringify(verbose(transcript, temperature)) };
  }
}

const usageOf = ({ seconds }: Transcript) => ({ type: 'duration', seconds: Math.ceil(seconds) });

function verbose(transcript: Transcript, temperature: number): object {
  const { text, language, seconds, segments } = transcript;
  return {
    task: 'transcribe',
    language: language === null ? '' : (NAMES.of(language) ?? language).toLowerCase(),
    duration: seconds,
    text,
    segments: segments.map((segment, id) => ({
      id,
      // Hundredths of a second, as Whisper counts.
      seek: Math.round(segment.start * 100),
      ...segment,
      temperature,
      ...NOT_MEASURED,
    })),
    usage: usageOf(transcript),
  };
}

/** What no model here tells. Clients whose schemas demand the fields refuse an answer without them. */
const NOT_MEASURED = { tokens: [], avg_logprob: 0, compression_ratio: 0, no_speech_prob: 0 };

/** A text without times is one cue over all of it. */
const cuesOf = ({ text, seconds, segments }: Transcript): TranscriptSegment[] =>
  segments.length > 0 || text === '' ? segments : [{ start: 0, end: seconds, text }];

/** @see https://matroska.org/technical/subtitles.html (SubRip) */
const srt = (cues: TranscriptSegment[]): string =>
  cues
    .map(
      ({ start, end, text }, i) => `${i + 1}\n${clock(start, ',')} --> ${clock(end, ',')}\n${oneCue(text)}\n`,
    )
    .join('\n');

/** @see https://www.w3.org/TR/webvtt1/ */
const vtt = (cues: TranscriptSegment[]): string =>
  `WEBVTT\n\n${cues.map(({ start, end, text }) => `${clock(start, '.')} --> ${clock(end, '.')}\n${oneCue(text)}\n`).join('\n')}`;

/** An arrow or an empty line would begin another cue. */
const oneCue = (text: string): string => text.replace(/-->/g, '->').replace(/\s*\n\s*/g, ' ');

/** @returns hours, minutes, seconds and milliseconds: 01:02:03.004 */
function clock(seconds: number, point: ',' | '.'): string {
  const ms = Math.round(seconds * 1000);
  const digits = (value: number, length = 2): string => String(value).padStart(length, '0');
  const [hours, minutes] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60];
  return `${digits(hours)}:${digits(minutes)}:${digits(Math.floor(ms / 1000) % 60)}${point}${digits(ms % 1000, 3)}`;
}
