import { invalidInput, UserError } from '@midplane/kernel';
import { z } from 'zod';
import { parseInput } from '../input/parse-input.js';
import type { Form } from './form.js';

const number = (text: unknown) => (text === '' || text === undefined ? undefined : Number(text));

/** The fields of OpenAI's request for a transcription that mean something here. */
const Fields = z.object({
  model: z.string().min(1).max(200),
  language: z.string().min(1).max(40).optional(),
  prompt: z.string().max(4000).optional(),
  response_format: z.enum(['json', 'text', 'verbose_json', 'srt', 'vtt']).default('json'),
  temperature: z.preprocess(number, z.number().min(0).max(1).default(0)),
});

export type TranscriptionRequest = z.output<typeof Fields> & { audio: Blob };
export type TranscriptionFormat = TranscriptionRequest['response_format'];

/** What OpenAI's protocol has besides and no model here gives. */
const NOT_HERE = ['include', 'chunking_strategy', 'known_speaker_names', 'known_speaker_references'];

/** @throws UserError INVALID_INPUT for a field that is wrong or asks for what is not here */
export function transcriptionRequest({ fields, file }: Form): TranscriptionRequest {
  const notHere = NOT_HERE.find((name) => fields[name]);
  if (notHere || fields['stream']?.[0] === 'true') throw notSupported(notHere ?? 'stream');
  if (fields['timestamp_granularities']?.some((unit) => unit !== 'segment'))
    throw invalidInput('timestamp_granularities', {
      en: 'times are given for segments, not for words: ask for segment',
      zh: '此处只提供分段时间，不提供逐词时间，请使用 segment',
    });
  if (!file || file.size === 0) throw new UserError('INVALID_INPUT', NO_FILE);
  const single = Object.entries(fields).map(([name, values]) => [name, values[0]]);
  return { ...parseInput(Fields, Object.fromEntries(single) as object), audio: file };
}

const NO_FILE = { field: 'file', detail: 'expected a file of speech', detailZh: '应包含语音文件' };

const notSupported = (field: string): UserError =>
  invalidInput(field, { en: 'this is not supported here; leave it out', zh: '此处不支持该参数，请去掉' });
