import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FLOAT, type Graph, INT64, onnxModel } from './onnx.js';

export interface OverlapModelOptions {
  /** Folder with the tokenizer to use: `tokenizer.json` and `tokenizer_config.json`. */
  tokenizer: string;
  /** Values that the model gives for a pair: one, or two of which the second counts. Default 1. */
  logits?: number;
  /** What a place adds for each other one that holds the same token. Default 0.25. */
  weight?: number;
  /** Added to the logit; NaN makes every score NaN. Default −3. */
  bias?: number;
  /** Names of the values: makes a classifier of it, whose last label has the logit. */
  labels?: string[];
  /** Whether a text may have several labels. */
  multiLabel?: boolean;
  /** Longest pair in tokens. Default 512. */
  positions?: number;
}

/** The defaults of weight and bias. */
export const OVERLAP_WEIGHT = 0.25;
export const OVERLAP_BIAS = -3;

/**
 * Writes the folder of a cross-encoder as hubs publish them: config, tokenizer and an ONNX graph from a pair's tokens
 * to its logits. Its weights are not learnt, and it says nothing about quality: its logit is
 * weight × the ordered pairs of places that hold the same token + bias, so that a text scores the higher the more of the question's tokens it has. What is real is the way there: files, tokenizer,
 * ONNX Runtime, logits.
 */
export async function writeOverlapModel(folder: string, options: OverlapModelOptions): Promise<void> {
  await mkdir(join(folder, 'onnx'), { recursive: true });
  for (const file of ['tokenizer.json', 'tokenizer_config.json'])
    await copyFile(join(options.tokenizer, file), join(folder, file));
  const config = {
    architectures: ['BertForSequenceClassification'],
    model_type: 'bert',
    hidden_size: 1,
    max_position_embeddings: options.positions ?? 512,
    ...(options.labels && { id2label: { ...options.labels } }),
    ...(options.multiLabel && { problem_type: 'multi_label_classification' }),
  };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  const graph = overlapGraph(options);
  await writeFile(join(folder, 'onnx/model.onnx'), onnxModel(graph));
}

function overlapGraph({
  labels,
  logits = labels?.length ?? 1,
  weight = OVERLAP_WEIGHT,
  bias = OVERLAP_BIAS,
}: OverlapModelOptions): Graph {
  const columns = Array.from({ length: logits }, (_, i) => (i === logits - 1 ? 'logit' : 'zero'));
  return {
    inputs: { input_ids: INT64, attention_mask: INT64 },
    constants: {
      first: [1],
      second: [2],
      both: [1, 2],
      weight: { float: weight },
      bias: { float: bias },
      nothing: { float: 0 },
    },
    nodes: [
      { op: 'Unsqueeze', inputs: ['input_ids', 'second'], output: 'rows' },
      { op: 'Unsqueeze', inputs: ['input_ids', 'first'], output: 'columns' },
      { op: 'Equal', inputs: ['rows', 'columns'], output: 'same' },
      { op: 'Cast', inputs: ['attention_mask'], output: 'present', attributes: { to: FLOAT } },
      // Padding is the same as nothing.
      { op: 'Cast', inputs: ['same'], output: 'alike', attributes: { to: FLOAT } },
      { op: 'Unsqueeze', inputs: ['present', 'second'], output: 'presentRows' },
      { op: 'Unsqueeze', inputs: ['present', 'first'], output: 'presentColumns' },
      { op: 'Mul', inputs: ['alike', 'presentRows'], output: 'alikeInRows' },
      { op: 'Mul', inputs: ['alikeInRows', 'presentColumns'], output: 'ones' },
      { op: 'ReduceSum', inputs: ['ones', 'both'], output: 'pairs', attributes: { keepdims: 0 } },
      { op: 'ReduceSum', inputs: ['present', 'first'], output: 'length', attributes: { keepdims: 0 } },
      // Every place is the same as itself.
      { op: 'Sub', inputs: ['pairs', 'length'], output: 'overlap' },
      { op: 'Mul', inputs: ['overlap', 'weight'], output: 'weighted' },
      { op: 'Add', inputs: ['weighted', 'bias'], output: 'sum' },
      { op: 'Unsqueeze', inputs: ['sum', 'first'], output: 'logit' },
      { op: 'Mul', inputs: ['logit', 'nothing'], output: 'zero' },
      { op: 'Concat', inputs: columns, output: 'logits', attributes: { axis: 1 } },
    ],
    outputs: 'logits',
  };
}
