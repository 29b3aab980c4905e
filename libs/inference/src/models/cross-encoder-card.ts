import { z } from 'zod';
import { readSizes } from './model-card.js';
import { ModelTask } from './model-task.js';
import { readJson } from './read-json.js';

/** How a cross-encoder wants to be used. */
export interface CrossEncoderCard {
  /** Longest question and text together, in tokens, special tokens included. */
  maxTokens: number;
}

/** `midplane.json` in a cross-encoder's folder. */
const MidplaneCard = z.strictObject({ task: ModelTask.optional(), maxTokens: z.int().min(32).optional() });

/**
 * Where nothing says otherwise: a question beside a whole passage. Models that take more are trained on pairs of about
 * this length (bge-reranker-v2-m3: 1,024), and the time for a pair grows faster than its length.
 */
const DEFAULT_MAX_TOKENS = 1024;

/** @throws Error that names the file where one is wrong */
export async function readCrossEncoderCard(folder: string): Promise<CrossEncoderCard> {
  const own = await readJson(folder, 'midplane.json', MidplaneCard);
  const tokenizer = await readJson(
    folder,
    'tokenizer_config.json',
    z.object({ model_max_length: z.number().positive().nullish() }),
  );
  const { maxTokens: positions } = await readSizes(folder);
  return {
    maxTokens: Math.min(
      own?.maxTokens ?? DEFAULT_MAX_TOKENS,
      positions ?? Infinity,
      tokenizer?.model_max_length ?? Infinity,
    ),
  };
}
