import {
  AutoModelForSpeechSeq2Seq,
  AutoProcessor,
  AutoTokenizer,
  type Tensor,
} from '@huggingface/transformers';
import { lazily, type Loading } from '../models/transformers-runtime.js';
import { secondsOf } from './audio/resampler.js';
import type { SpeechModel } from './speech-model.js';

/** Tokens that a second of speech has at most (Jeffries and others, "Moonshine", arXiv 2410.15608): more go in circles. */
const TOKENS_PER_SECOND = 6;

/** Moonshine writes no timestamps: a window is one piece. Each of its models knows one language, and does not say which. */
export function moonshineModel(name: string, loading: Loading): SpeechModel {
  const load = lazily(() =>
    Promise.all([
      AutoTokenizer.from_pretrained(name),
      AutoProcessor.from_pretrained(name),
      AutoModelForSpeechSeq2Seq.from_pretrained(name, loading),
    ]),
  );
  return {
    async write({ samples, temperature, language }) {
      const [tokenizer, processor, model] = await load();
      const seconds = secondsOf(samples.length);
      const inputs = (await processor(samples)) as object;
      const output = (await model.generate({
        ...inputs,
        max_new_tokens: Math.ceil(seconds * TOKENS_PER_SECOND),
        ...(temperature > 0 ? { do_sample: true, temperature, top_k: 0 } : { do_sample: false }),
      })) as Tensor;
      const [written] = output.tolist() as bigint[][];
      const text = tokenizer.decode(written!.map(Number), { skip_special_tokens: true }).trim();
      const segments = text === '' ? [] : [{ start: 0, end: seconds, text: ` ${text}` }];
      return { segments, language: language ?? null, tokens: written!.length };
    },
  };
}
