/** Runs one classifier in a worker thread, one text at a time, as the embedder's does. */
import { parentPort, workerData } from 'node:worker_threads';
import { AutoTokenizer, type PreTrainedTokenizer } from '@huggingface/transformers';
import type { LabelScore } from '@midplane/contracts';
import type { ThreadReply, ThreadRequest } from '@midplane/kernel';
import type { ClassifierCard } from '../models/classifier-card.js';
import { type EncodedText, loadSequenceClassifier } from '../models/sequence-classifier.js';
import { lazily, useFolder } from '../models/transformers-runtime.js';
import { labelScores } from './labels.js';

/** What the thread is started with. */
export interface ClassifierWorkerData {
  folder: string;
  dtype: string;
  card: ClassifierCard;
  /** Threads that one inference may use. */
  threads: number;
}

export interface ClassifierMessage {
  texts: readonly string[];
}

export interface ClassifierResult {
  /** Of each text, in their order, all labels, the surest first. */
  labels: LabelScore[][];
  /** All tokens that went through the model. */
  tokens: number;
}

/** What lies behind so many characters is never looked at: the tokenizer overflows the stack at some 200,000. */
const LONGEST_TEXT = 100_000;

const { folder, dtype, card, threads } = workerData as ClassifierWorkerData;
const name = useFolder(folder);

const tokenizer = lazily<PreTrainedTokenizer>(() => AutoTokenizer.from_pretrained(name));
const model = lazily(() => loadSequenceClassifier(name, dtype, threads));

parentPort?.on('message', ({ id, message }: ThreadRequest<ClassifierMessage>) => {
  classify(message).then(
    (result) => reply({ id, result }),
    (error: unknown) => reply({ id, error: error instanceof Error ? error.message : String(error) }),
  );
});

function reply(answer: ThreadReply<ClassifierResult>): void {
  parentPort?.postMessage(answer);
}

async function classify({ texts }: ClassifierMessage): Promise<ClassifierResult> {
  const run = await model();
  const encode = await tokenizer();
  const labels: LabelScore[][] = [];
  let tokens = 0;
  for (const text of texts) {
    const encoded = encode(text.slice(0, LONGEST_TEXT), {
      truncation: true,
      max_length: card.maxTokens,
      return_token_type_ids: true,
    }) as unknown as EncodedText;
    labels.push(labelScores(await run(encoded), card.labels, card.multiLabel));
    tokens += encoded.input_ids.size;
  }
  return { labels, tokens };
}
