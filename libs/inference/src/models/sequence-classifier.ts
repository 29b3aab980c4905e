import {
  AutoConfig,
  AutoModel,
  AutoModelForSequenceClassification,
  type Tensor,
} from '@huggingface/transformers';
import { batchesOf, rowOf, stack, type Encoded } from './batches.js';
import type { TextModelData } from './text-model-data.js';
import { loadedOn } from './transformers-runtime.js';

/** What came of some texts. */
export interface Classified {
  /** Of each text, in their order, the values that the model gives. */
  logits: number[][];
  /** All tokens that went through the model. */
  tokens: number;
  /** How often the model ran. */
  batches: number;
}

/**
 * Has a model read texts, or pairs of them, in batches.
 * @param padding the id of the token behind shorter texts
 * @throws Error where the model gives no logits
 */
export type SequenceClassifier = (texts: readonly Encoded[], padding: number) => Promise<Classified>;

/**
 * Loads a model that classifies sequences: a cross-encoder, or one with labels.
 * @param name under which @huggingface/transformers finds the folder
 */
export async function loadSequenceClassifier(
  name: string,
  { device, dtype, threads, batchTokens }: TextModelData<unknown>,
): Promise<SequenceClassifier> {
  const { model_type } = await AutoConfig.from_pretrained(name);
  // Families that the library has no classifier of run all the same: what counts is that the graph gives logits.
  const family = AutoModelForSequenceClassification.supports(model_type ?? '')
    ? AutoModelForSequenceClassification
    : AutoModel;
  const model = await family.from_pretrained(name, loadedOn(device, dtype, threads));
  const run = model as unknown as (input: Encoded) => Promise<Record<string, Tensor>>;
  return async (texts, padding) => {
    const lengths = texts.map(({ input_ids }) => input_ids.size);
    const batches = batchesOf(lengths, { tokens: batchTokens });
    const values = new Array<number[]>(texts.length);
    for (const batch of batches) {
      const rows = batch.map((i) => texts[i] as Encoded);
      const { logits } = await run(stack(rows, padding));
      if (!logits) throw new Error('the model gives no logits: it does not classify');
      for (const [row, i] of batch.entries()) values[i] = [...rowOf(logits, row)];
    }
    const tokens = lengths.reduce((sum, length) => sum + length, 0);
    return { logits: values, tokens, batches: batches.length };
  };
}
