import {
  AutoConfig,
  AutoModel,
  AutoModelForSequenceClassification,
  type Tensor,
} from '@huggingface/transformers';
import { onCpu } from './transformers-runtime.js';

/** Texts, or a pair of them, as a model takes them. */
export interface EncodedText {
  input_ids: Tensor;
  attention_mask: Tensor;
  token_type_ids?: Tensor;
}

/** @returns the values that the model gives for an encoded text. Throws Error where it gives none */
export type RunClassifier = (input: EncodedText) => Promise<number[]>;

/**
 * Loads a model that classifies sequences: a cross-encoder, or one with labels.
 * @param name under which @huggingface/transformers finds the folder
 */
export async function loadSequenceClassifier(
  name: string,
  dtype: string,
  threads: number,
): Promise<RunClassifier> {
  const { model_type } = await AutoConfig.from_pretrained(name);
  // Families that the library has no classifier of run all the same: what counts is that the graph gives logits.
  const family = AutoModelForSequenceClassification.supports(model_type ?? '')
    ? AutoModelForSequenceClassification
    : AutoModel;
  const model = await family.from_pretrained(name, onCpu(dtype, threads));
  const run = model as unknown as (input: EncodedText) => Promise<Record<string, Tensor>>;
  return async (input) => {
    const { logits } = await run(input);
    if (!logits) throw new Error('the model gives no logits: it does not classify');
    return Array.from(logits.data as ArrayLike<number>, Number);
  };
}
