/** Runs one cross-encoder in a worker thread, one pair of question and text at a time or in batches, as the embedder's does. */
import { parentPort, workerData } from 'node:worker_threads';
import {
  AutoConfig,
  AutoModel,
  AutoModelForSequenceClassification,
  AutoTokenizer,
  type PreTrainedTokenizer,
  type Tensor,
} from '@huggingface/transformers';
import type { ThreadReply, ThreadRequest } from '@midplane/kernel';
import { batchesOf, rowOf, stack, type Encoded } from '../models/batches.js';
import type { CrossEncoderCard } from '../models/cross-encoder-card.js';
import type { Device } from '../models/device.js';
import { lazily, loadedOn, useFolder } from '../models/transformers-runtime.js';
import { pairEncoder } from './pair.js';
import { scoreOf } from './score.js';

/** What the thread is started with. */
export interface CrossEncoderWorkerData {
  folder: string;
  dtype: string;
  card: CrossEncoderCard;
  /** Threads that one inference may use. */
  threads: number;
  device: Device;
  /** Tokens of one batch, padding counted; 0: one pair at a time. */
  batchTokens: number;
}

/** A question and a text to be scored against it. */
export interface Pair {
  query: string;
  text: string;
}

export type CrossEncoderMessage = readonly Pair[];

export interface CrossEncoderResult {
  /** From 0 to 1, in the order of the pairs. */
  scores: number[];
  /** All tokens that went through the model. */
  tokens: number;
  /** How often the model ran. */
  batches: number;
}

type Run = (input: Encoded) => Promise<Record<string, Tensor>>;

const { folder, dtype, card, threads, device, batchTokens } = workerData as CrossEncoderWorkerData;
const name = useFolder(folder);

const tokenizer = lazily<PreTrainedTokenizer>(() => AutoTokenizer.from_pretrained(name));
const model = lazily(async () => {
  const { model_type } = await AutoConfig.from_pretrained(name);
  // Families that the library has no classifier of run all the same: what counts is that the graph gives logits.
  const family = AutoModelForSequenceClassification.supports(model_type ?? '')
    ? AutoModelForSequenceClassification
    : AutoModel;
  return (await family.from_pretrained(name, loadedOn(device, dtype, threads))) as unknown as Run;
});

parentPort?.on('message', ({ id, message }: ThreadRequest<CrossEncoderMessage>) => {
  rerank(message).then(
    (result) => reply({ id, result }),
    (error: unknown) => reply({ id, error: error instanceof Error ? error.message : String(error) }),
  );
});

function reply(answer: ThreadReply<CrossEncoderResult>): void {
  parentPort?.postMessage(answer);
}

async function rerank(pairs: CrossEncoderMessage): Promise<CrossEncoderResult> {
  const run = await model();
  const tokenize = await tokenizer();
  const encoders = new Map<string, (text: string) => Encoded>();
  const encoded = pairs.map(({ query, text }) => {
    let encode = encoders.get(query);
    if (!encode) encoders.set(query, (encode = pairEncoder(tokenize, query, card.maxTokens)));
    return encode(text);
  });
  const lengths = encoded.map(({ input_ids }) => input_ids.size);
  const batches = batchesOf(lengths, batchTokens);
  const scores = new Array<number>(pairs.length);
  for (const batch of batches) {
    const rows = batch.map((i) => encoded[i] as Encoded);
    const { logits } = await run(stack(rows, tokenize.pad_token_id ?? 0));
    if (!logits) throw new Error('the model gives no logits: it is no cross-encoder');
    for (const [row, i] of batch.entries()) scores[i] = scoreOf([...rowOf(logits, row)]);
  }
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  return { scores, tokens, batches: batches.length };
}
