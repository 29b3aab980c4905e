/** Runs one classifier in a worker thread, one text at a time or in batches, as the embedder's does. */
import { parentPort, workerData } from 'node:worker_threads';
import { AutoTokenizer, type PreTrainedTokenizer } from '@huggingface/transformers';
import type { LabelScore } from '@midplane/contracts';
import type { ThreadReply, ThreadRequest } from '@midplane/kernel';
import type { Encoded } from '../models/batches.js';
import type { ClassifierCard } from '../models/classifier-card.js';
import { loadSequenceClassifier } from '../models/sequence-classifier.js';
import type { TextModelData } from '../models/text-model-data.js';
import { lazily, useFolder } from '../models/transformers-runtime.js';
import { labelScores } from './labels.js';

/** What the thread is started with. */
export type ClassifierWorkerData = TextModelData<ClassifierCard>;

/** The texts. */
export type ClassifierMessage = readonly string[];

export interface ClassifierResult {
  /** Of each text, in their order, all labels, the surest first. */
  labels: LabelScore[][];
  /** All tokens that went through the model. */
  tokens: number;
  /** How often the model ran. */
  batches: number;
}

/** What lies behind so many characters is never looked at: the tokenizer overflows the stack at some 200,000. */
const LONGEST_TEXT = 100_000;

const data = workerData as ClassifierWorkerData;
const name = useFolder(data.folder);

const tokenizer = lazily<PreTrainedTokenizer>(() => AutoTokenizer.from_pretrained(name));
const model = lazily(() => loadSequenceClassifier(name, data));

parentPort?.on('message', ({ id, message }: ThreadRequest<ClassifierMessage>) => {
  classify(message).then(
    (result) => reply({ id, result }),
    (error: unknown) => reply({ id, error: error instanceof Error ? error.message : String(error) }),
  );
});

function reply(answer: ThreadReply<ClassifierResult>): void {
  parentPort?.postMessage(answer);
}

async function classify(texts: ClassifierMessage): Promise<ClassifierResult> {
  const run = await model();
  const tokenize = await tokenizer();
  const { maxTokens, labels, multiLabel } = data.card;
  const encoded = texts.map(
    (text) =>
      tokenize(text.slice(0, LONGEST_TEXT), {
        truncation: true,
        max_length: maxTokens,
        return_token_type_ids: true,
      }) as unknown as Encoded,
  );
  const { logits, tokens, batches } = await run(encoded, tokenize.pad_token_id ?? 0);
  return { labels: logits.map((values) => labelScores(values, labels, multiLabel)), tokens, batches };
}
