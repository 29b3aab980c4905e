import { deflateSync } from 'node:zlib';
import {
  AutoModelForSpeechSeq2Seq,
  AutoProcessor,
  AutoTokenizer,
  type PreTrainedTokenizer,
  type Processor,
  Tensor,
} from '@huggingface/transformers';
import { lazily, type Loading } from '../models/transformers-runtime.js';
import { isHeard } from './audio/windows.js';
import { SAMPLE_RATE, secondsOf } from './audio/resampler.js';
import type { SpeechModel, SpeechResult, SpeechTask, SpokenSegment } from './speech-model.js';
import { UnknownLanguageError } from './unknown-language.error.js';
import { readTimestamps } from './whisper-tokens.js';

/** The parts of generation_config.json that are needed here. */
interface GenerationConfig {
  decoder_start_token_id: number;
  eos_token_id: number | number[];
  no_timestamps_token_id: number;
  prev_sot_token_id?: number;
  is_multilingual?: boolean;
  /** `<|en|>` → its token. */
  lang_to_id?: Record<string, number> | null;
  task_to_id?: Record<string, number> | null;
}

type Run = (inputs: object) => Promise<{ logits: Tensor }>;
interface Whisper {
  tokenizer: PreTrainedTokenizer;
  processor: Processor;
  run: Run & { generate(options: object): Promise<Tensor>; generation_config: GenerationConfig };
}

/** Most tokens of one window, and of the prompt before it: half of what the decoder holds, as OpenAI's own has it. */
const MOST_TOKENS = 224;
/** A shorter rest of a window is not read again: it is the breath behind the last word. In seconds. */
const LEAST_REST = 0.5;
/** So far goes each pass at least, whatever the model says it has done, so that it comes to an end. In seconds. */
const LEAST_STEP = 1;
/** A text that deflates to less than its length over this goes in circles (OpenAI's transcribe.py). */
const MOST_REPETITION = 2.4;
/** What is tried where it does, in the place of the likeliest words. */
const OTHER_TEMPERATURES = [0.4, 0.8];

/** @param name under which @huggingface/transformers finds the folder */
export function whisperModel(name: string, loading: Loading): SpeechModel {
  const load = lazily(async (): Promise<Whisper> => {
    const [tokenizer, processor, run] = await Promise.all([
      AutoTokenizer.from_pretrained(name),
      AutoProcessor.from_pretrained(name),
      AutoModelForSpeechSeq2Seq.from_pretrained(name, loading),
    ]);
    return { tokenizer, processor, run: run as unknown as Whisper['run'] };
  });
  return { write: async (task) => write(await load(), task) };
}

/** Reads on behind the last whole piece where a window holds more than one pass writes. */
async function write(whisper: Whisper, task: SpeechTask): Promise<SpeechResult> {
  const segments: SpokenSegment[] = [];
  let tokens = 0;
  let { language } = task;
  let from = 0;
  for (;;) {
    const samples = task.samples.subarray(from);
    const { input_features } = (await whisper.processor(samples)) as { input_features: Tensor };
    language ??= await heardLanguage(whisper, input_features);
    const written = await pass(whisper, input_features, { ...task, samples, language });
    const start = secondsOf(from);
    for (const segment of written.segments)
      segments.push({ ...segment, start: start + segment.start, end: start + segment.end });
    tokens += written.tokens;
    from += Math.round(Math.max(written.done, LEAST_STEP) * SAMPLE_RATE);
    const rest = task.samples.subarray(from);
    if (secondsOf(rest.length) < LEAST_REST || !isHeard(rest)) break;
  }
  return { segments, language: language ?? null, tokens };
}

async function pass(
  whisper: Whisper,
  features: Tensor,
  task: SpeechTask,
): Promise<{ segments: SpokenSegment[]; done: number; tokens: number }> {
  const { tokenizer } = whisper;
  const { no_timestamps_token_id } = whisper.run.generation_config;
  const prefix = promptTokens(whisper, task);
  const seconds = secondsOf(task.samples.length);
  const temperatures = [task.temperature, ...OTHER_TEMPERATURES.filter((other) => other > task.temperature)];
  for (;;) {
    const tokens = await generate(whisper, features, prefix, temperatures.shift()!);
    const { segments, done } = readTimestamps(tokens, no_timestamps_token_id + 1, seconds);
    const spoken = segments.map(({ start, end, tokens: text }) => ({
      start,
      end,
      text: tokenizer.decode(text, { skip_special_tokens: true }),
    }));
    const whole = spoken.map(({ text }) => text).join('');
    if (temperatures.length === 0 || !goesInCircles(whole))
      return { segments: spoken, done, tokens: tokens.length };
  }
}

async function generate(
  { run }: Whisper,
  inputs: Tensor,
  prefix: readonly number[],
  temperature: number,
): Promise<number[]> {
  const sampling = temperature > 0 ? { do_sample: true, temperature, top_k: 0 } : { do_sample: false };
  const output = await run.generate({
    inputs,
    decoder_input_ids: prefix,
    return_timestamps: true,
    max_new_tokens: MOST_TOKENS,
    ...sampling,
  });
  const ends = [run.generation_config.eos_token_id].flat();
  const tokens = (output.tolist() as (bigint | number)[][])[0]!.map(Number).slice(prefix.length);
  return tokens.filter((token) => !ends.includes(token));
}

/** `<|startofprev|> prompt <|startoftranscript|> <|language|> <|transcribe|>`; models of English alone have no more than the start. */
function promptTokens({ tokenizer, run }: Whisper, { language, prompt }: SpeechTask): number[] {
  const { decoder_start_token_id, prev_sot_token_id, lang_to_id, task_to_id } = run.generation_config;
  const tokens: number[] = [];
  if (prompt && prev_sot_token_id !== undefined) {
    const words = tokenizer.encode(` ${prompt.trim()}`, { add_special_tokens: false });
    tokens.push(prev_sot_token_id, ...words.slice(1 - MOST_TOKENS));
  }
  tokens.push(decoder_start_token_id);
  const token = lang_to_id?.[`<|${language}|>`];
  if (!lang_to_id ? language !== undefined && language !== 'en' : token === undefined)
    throw new UnknownLanguageError();
  if (token !== undefined) tokens.push(token, task_to_id!['transcribe']!);
  return tokens;
}

/** @returns what Whisper itself would write behind its start, of the tokens of languages; `en` for a model of English alone */
async function heardLanguage({ run }: Whisper, input_features: Tensor): Promise<string> {
  const { lang_to_id, decoder_start_token_id } = run.generation_config;
  if (!lang_to_id) return 'en';
  const decoder_input_ids = new Tensor('int64', BigInt64Array.of(BigInt(decoder_start_token_id)), [1, 1]);
  const { logits } = await run({ input_features, decoder_input_ids });
  const scores = logits.data as ArrayLike<number>;
  const [best] = Object.entries(lang_to_id).sort(([, a], [, b]) => scores[b]! - scores[a]!);
  return best![0].replace(/[<|>]/g, '');
}

function goesInCircles(text: string): boolean {
  const bytes = Buffer.from(text);
  return bytes.length / deflateSync(bytes).length > MOST_REPETITION;
}
