/** Runs one cross-encoder in a worker thread, one pair of question and text at a time, as the embedder's does. */
import { parentPort, workerData } from 'node:worker_threads';
import { AutoTokenizer, type PreTrainedTokenizer } from '@huggingface/transformers';
import type { ThreadReply, ThreadRequest } from '@midplane/kernel';
import type { CrossEncoderCard } from '../models/cross-encoder-card.js';
import { loadSequenceClassifier } from '../models/sequence-classifier.js';
import { lazily, useFolder } from '../models/transformers-runtime.js';
import { pairEncoder } from './pair.js';
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

const { folder, dtype, card, threads } = workerData as CrossEncoderWorkerData;
const name = useFolder(folder);

const tokenizer = lazily<PreTrainedTokenizer>(() => AutoTokenizer.from_pretrained(name));
const model = lazily(() => loadSequenceClassifier(name, dtype, threads));

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
    scores.push(scoreOf(await run(pair)));
    tokens += pair.input_ids.size;
  }
  return { scores, tokens };
}
