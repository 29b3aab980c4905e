/** Runs one cross-encoder in a worker thread, one pair of question and text at a time or in batches, as the embedder's does. */
import { parentPort, workerData } from 'node:worker_threads';
import { AutoTokenizer, type PreTrainedTokenizer } from '@huggingface/transformers';
import type { ThreadReply, ThreadRequest } from '@midplane/kernel';
import type { Encoded } from '../models/batches.js';
import type { CrossEncoderCard } from '../models/cross-encoder-card.js';
import { loadSequenceClassifier } from '../models/sequence-classifier.js';
import type { TextModelData } from '../models/text-model-data.js';
import { lazily, useFolder } from '../models/transformers-runtime.js';
import { pairEncoder } from './pair.js';
import { scoreOf } from './score.js';

/** What the thread is started with. */
export type CrossEncoderWorkerData = TextModelData<CrossEncoderCard>;

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

const data = workerData as CrossEncoderWorkerData;
const name = useFolder(data.folder);

const tokenizer = lazily<PreTrainedTokenizer>(() => AutoTokenizer.from_pretrained(name));
const model = lazily(() => loadSequenceClassifier(name, data));

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
  const classify = await model();
  const tokenize = await tokenizer();
  const encoders = new Map<string, (text: string) => Encoded>();
  const encoded = pairs.map(({ query, text }) => {
    let encode = encoders.get(query);
    if (!encode) encoders.set(query, (encode = pairEncoder(tokenize, query, data.card.maxTokens)));
    return encode(text);
  });
  const { logits, tokens, batches } = await classify(encoded, tokenize.pad_token_id ?? 0);
  return { scores: logits.map(scoreOf), tokens, batches };
}
