import type { ThreadsOptions } from '../scheduling/model-threads.js';
import type { Device } from './device.js';

/** What the thread of a model that reads texts is started with. */
export interface TextModelData<Card> {
  folder: string;
  /** Precision of its weights. */
  dtype: string;
  card: Card;
  device: Device;
  /** Threads that one inference may use. */
  threads: number;
  /** Tokens of one batch, padding counted; 0: one text at a time. */
  batchTokens: number;
}

/** @param model as its folder was read */
export function textModelData<Card>(
  { folder, dtype, card }: Pick<TextModelData<Card>, 'folder' | 'dtype' | 'card'>,
  { device, threads, batches }: ThreadsOptions,
): TextModelData<Card> {
  return { folder, dtype, card, device, threads, batchTokens: batches.tokens };
}
