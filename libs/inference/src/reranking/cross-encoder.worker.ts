/** Runs one cross-encoder in a worker thread, one pair of question and text at a time, as the embedder's does. */
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
import type { CrossEncoderCard } from '../models/cross-encoder-card.js';
import { lazily, onCpu, useFolder } from '../models/transformers-runtime.js';
import { pairEncoder, type EncodedPair } from './pair.js';
import { scoreOf } from './score.js';

/** What the thread is started with. */
export interface CrossEncoderWorkerData {
  folder: string;
  dtype: string;
  card: CrossEncoderCard;
  /** Threads that one inference may use. */
  threads: number;
}

export interface CrossEncoderMessage {
  query: string;
  texts: readonly string[];
}

export interface CrossEncoderResult {
  /** From 0 to 1, in the order of the texts. */
  scores: number[];
  /** All tokens that went through the model. */
  tokens: number;
}

type Run = (input: EncodedPair) => Promise<Record<string, Tensor>>;

const { folder, dtype, card, threads } = workerData as CrossEncoderWorkerData;
const name = useFolder(folder);

const tokenizer = lazily<PreTrainedTokenizer>(() => AutoTokenizer.from_pretrained(name));
const model = lazily(async () => {
  const { model_type } = await AutoConfig.from_pretrained(name);
  // Families that the library has no classifier of run all the same: what counts is that the graph gives logits.
  const family = AutoModelForSequenceClassification.supports(model_type ?? '')
    ? AutoModelForSequenceClassification
    : AutoModel;
  return (await family.from_pretrained(name, onCpu(dtype, threads))) as unknown as Run;
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

async function rerank({ query, texts }: CrossEncoderMessage): Promise<CrossEncoderResult> {
  const run = await model();
  const encode = pairEncoder(await tokenizer(), query, card.maxTokens);
  const scores: number[] = [];
  let tokens = 0;
  for (const text of texts) {
    const pair = encode(text);
    const { logits } = await run(pair);
    if (!logits) throw new Error('the model gives no logits: it is no cross-encoder');
    scores.push(scoreOf(Array.from(logits.data as ArrayLike<number>, Number)));
    tokens += pair.input_ids.size;
  }
  return { scores, tokens };
}
