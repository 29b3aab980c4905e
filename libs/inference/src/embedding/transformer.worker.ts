/** Runs one embedding model in a worker thread, one text at a time or in batches. */
import { parentPort, workerData } from 'node:worker_threads';
import {
  AutoModel,
  AutoTokenizer,
  type PreTrainedModel,
  type PreTrainedTokenizer,
  type Tensor,
} from '@huggingface/transformers';
import { encodeQuestionStates, packPassageStates, type TextRole } from '@midplane/contracts';
import type { ThreadReply, ThreadRequest } from '@midplane/kernel';
import { batchesOf, type BatchSize, rowOf, stack, type Encoded } from '../models/batches.js';
import type { ModelCard } from '../models/model-card.js';
import type { TextModelData } from '../models/text-model-data.js';
import { lazily, loadedOn, useFolder } from '../models/transformers-runtime.js';
import { LanguageCentres } from './language-centres.js';
import { tokenStarts } from './token-starts.js';
import { centreAndTurn, quantize, Rotation } from './token-states.js';

/** What the thread is started with. */
export type TransformerWorkerData = Omit<TextModelData<ModelCard>, 'batchTokens'>;

/** A text, which side of a search it is on, and whether the states of its tokens are wanted. */
export interface TextToEmbed {
  role: TextRole;
  text: string;
  tokenStates: boolean;
}

export type TransformerMessage =
  | {
      task: 'embed';
      texts: readonly TextToEmbed[];
      batch: BatchSize;
    }
  | { task: 'count'; texts: readonly string[] };

export interface TransformerResult {
  /** `embed`: the vectors one after the other. `count`: the number of tokens of each text. */
  values: Float32Array;
  /** `embed`: all tokens that went through the model. `count`: what prefix and special tokens add. */
  tokens: number;
  /** `embed`: how often the model ran. */
  batches?: number;
  /** `embed`: the states of the tokens of each text that they were asked for, in base64. */
  tokenStates?: (string | undefined)[];
}

/**
 * Characters that a token stands for at the very most: what lies behind maxTokens times as many is never looked at,
 * so that a text of megabytes costs no more than a long one.
 */
const CHARACTERS_PER_TOKEN = 32;

/**
 * Longest piece that is counted in one go. The tokenizer's time grows faster than the text's length and it
 * overflows the stack at some 200,000 characters; a cut costs at most one token.
 */
const COUNTING_PIECE = 4000;

/** One before a text's tokens and one behind them. */
const SPECIAL_TOKENS = 2;

const { folder, dtype, card, threads, device } = workerData as TransformerWorkerData;
const name = useFolder(folder);
const tokenCentres = card.tokenCentres && new LanguageCentres(card.tokenCentres);
const rotation = new Rotation(card.dimension);

const tokenizer = lazily<PreTrainedTokenizer>(() => AutoTokenizer.from_pretrained(name));
const model = lazily<PreTrainedModel>(() =>
  AutoModel.from_pretrained(name, loadedOn(device, dtype, threads)),
);

parentPort?.on('message', ({ id, message }: ThreadRequest<TransformerMessage>) => {
  const work = message.task === 'embed' ? embed(message.texts, message.batch) : count(message.texts);
  work.then(
    (result) => reply({ id, result }, [result.values.buffer as ArrayBuffer]),
    (error: unknown) => reply({ id, error: error instanceof Error ? error.message : String(error) }),
  );
});

function reply(answer: ThreadReply<TransformerResult>, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(answer, transfer);
}

/** A text as the tokenizer takes and gives it. */
interface Tokenized {
  /** The text after its prefix. */
  input: string;
  encoded: Encoded;
}

async function embed(texts: readonly TextToEmbed[], size: BatchSize): Promise<TransformerResult> {
  const run = await model();
  const tokenize = await tokenizer();
  const values = new Float32Array(texts.length * card.dimension);
  const tokenStates = new Array<string | undefined>(texts.length);
  const all = texts.map(({ role, text }) => tokenized(tokenize, role, text));
  const lengths = all.map(({ encoded }) => encoded.input_ids.size);
  const batches = batchesOf(lengths, size);
  for (const batch of batches) {
    const rows = batch.map((i) => (all[i] as Tokenized).encoded);
    const output = (await run(stack(rows, tokenize.pad_token_id ?? 0))) as Record<string, Tensor>;
    for (const [row, i] of batch.entries()) {
      const length = lengths[i] as number;
      values.set(toUnitLength(pool(output, row, length)), i * card.dimension);
      const { tokenStates: wanted, ...text } = texts[i] as TextToEmbed;
      if (!wanted) continue;
      const { input } = all[i] as Tokenized;
      const pieces = tokenize.tokenize(input).slice(0, length - SPECIAL_TOKENS);
      tokenStates[i] = statesOf(text, input, pieces, output['last_hidden_state'], row);
    }
  }
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  return { values, tokens, batches: batches.length, tokenStates };
}

function tokenized(tokenize: PreTrainedTokenizer, role: TextRole, text: string): Tokenized {
  const input = (card.prefixes[role] + text).slice(0, card.maxTokens * CHARACTERS_PER_TOKEN);
  const encoded = tokenize(input, { truncation: true, max_length: card.maxTokens }) as unknown as Encoded;
  return { input, encoded };
}

/**
 * The states of the text's own tokens, without the prefix and special ones.
 * @param input the text after its prefix
 * @param pieces the input's tokens as the tokenizer writes them
 */
function statesOf(
  { role, text }: Omit<TextToEmbed, 'tokenStates'>,
  input: string,
  pieces: readonly string[],
  states: Tensor | undefined,
  row: number,
): string {
  const { dimension } = card;
  if (!states || !tokenCentres) throw new Error('the model gives no states of tokens');
  const data = vectorsOf(states, row, pieces.length + SPECIAL_TOKENS);
  const prefix = card.prefixes[role].length;
  const places = tokenStarts(input, pieces);
  const first = places.findIndex((place) => place >= prefix);
  const own = first < 0 ? pieces.length : first;
  const starts = places.slice(own).map((place) => place - prefix);
  // The first state is that of the special token at the beginning.
  const values = data.slice((own + 1) * dimension, (pieces.length + 1) * dimension);
  const weights = centreAndTurn(values, tokenCentres.of(text), rotation);
  return role === 'query'
    ? encodeQuestionStates({ starts, weights, values })
    : Buffer.from(packPassageStates({ starts, ...quantize(values, dimension) })).toString('base64');
}

/**
 * One vector from the states of one text's tokens.
 * @param row the text's place in the batch
 * @param length its tokens: what stands behind them is padding
 */
function pool(output: Record<string, Tensor>, row: number, length: number): Float32Array {
  const { dimension } = card;
  const pooled = output['sentence_embedding'];
  if (pooled) return vectorsOf(pooled, row, 1);
  const states = output['last_hidden_state'] ?? output['token_embeddings'];
  if (!states) throw new Error(`the model gives ${Object.keys(output).join(', ')}, not last_hidden_state`);
  const data = vectorsOf(states, row, length);
  if (card.pooling === 'cls') return data.slice(0, dimension);
  if (card.pooling === 'last') return data.slice((length - 1) * dimension);
  const mean = new Float32Array(dimension);
  for (let at = 0; at < data.length; at += dimension) {
    for (let d = 0; d < dimension; d += 1) mean[d] = (mean[d] as number) + (data[at + d] as number) / length;
  }
  return mean;
}

/** The first so many vectors of a text. */
function vectorsOf(output: Tensor, row: number, count: number): Float32Array {
  const dimension = output.dims.at(-1);
  if (dimension !== card.dimension)
    throw new Error(`the model gives ${dimension} dimensions, its config.json says ${card.dimension}`);
  return rowOf(output, row).subarray(0, count * dimension);
}

function toUnitLength(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  if (!(length > 0 && length < Infinity)) throw new Error('the model gave a vector without a direction');
  return vector.map((value) => value / length);
}

async function count(texts: readonly string[]): Promise<TransformerResult> {
  const tokenize = await tokenizer();
  const tokensOf = (text: string): number => tokenize.encode(text, { add_special_tokens: false }).length;
  const values = new Float32Array(texts.length);
  for (const [i, text] of texts.entries()) {
    let tokens = 0;
    for (let at = 0; at < text.length; at += COUNTING_PIECE)
      tokens += tokensOf(text.slice(at, at + COUNTING_PIECE));
    values[i] = tokens;
  }
  const overheads = Object.values(card.prefixes).map((prefix) => tokenize.encode(prefix).length);
  return { values, tokens: Math.max(...overheads) };
}
