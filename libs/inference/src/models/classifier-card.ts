import { z } from 'zod';
import { readCrossEncoderCard } from './cross-encoder-card.js';
import { readJson } from './read-json.js';

/** How a classifier wants to be used. */
export interface ClassifierCard {
  /** Longest text in tokens, special tokens included. */
  maxTokens: number;
  /** In the order of the model's values. */
  labels: string[];
  /** Whether a text may have several labels: each has a probability of its own then. */
  multiLabel: boolean;
}

const Config = z.object({
  id2label: z.record(z.string(), z.string()).nullish(),
  problem_type: z.string().nullish(),
});

/** @throws Error that names the file where one is wrong */
export async function readClassifierCard(folder: string): Promise<ClassifierCard> {
  const { maxTokens } = await readCrossEncoderCard(folder);
  const config = await readJson(folder, 'config.json', Config);
  const byId = Object.entries(config?.id2label ?? {}).sort(([a], [b]) => Number(a) - Number(b));
  if (byId.length === 0) throw new Error('its config.json names no labels (id2label)');
  const labels = byId.map(([, label]) => label);
  // A single value can only be a probability of its own.
  const multiLabel = config?.problem_type === 'multi_label_classification' || labels.length === 1;
  return { maxTokens, labels, multiLabel };
}
