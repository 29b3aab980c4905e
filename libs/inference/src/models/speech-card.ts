import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from './read-json.js';

/** How a speech model of a folder is run. */
export interface SpeechModelFolder {
  family: 'whisper' | 'moonshine';
  /** Precision of its two graphs, as @huggingface/transformers names them. */
  dtypes: Record<SpeechGraph, string>;
}

/** The graphs of a speech model: one hears, one writes. */
export const SPEECH_GRAPHS = ['encoder_model', 'decoder_model_merged'] as const;
export type SpeechGraph = (typeof SPEECH_GRAPHS)[number];

/** Whisper's generation is told by this file; Moonshine needs none of it. */
const GenerationConfig = z.object({ no_timestamps_token_id: z.int(), decoder_start_token_id: z.int() });

/** @throws Error that says which file is missing or wrong */
export async function readSpeechFamily(folder: string): Promise<SpeechModelFolder['family']> {
  const config = await readJson(folder, 'config.json', z.object({ model_type: z.string() }));
  await access(join(folder, 'preprocessor_config.json')).catch(() => {
    throw new Error(`${join(folder, 'preprocessor_config.json')} is missing: it says how sound is prepared`);
  });
  if (config?.model_type === 'moonshine') return 'moonshine';
  const generation = await readJson(folder, 'generation_config.json', GenerationConfig);
  if (!generation)
    throw new Error(`${join(folder, 'generation_config.json')} is missing: it names the timestamps' tokens`);
  return 'whisper';
}
