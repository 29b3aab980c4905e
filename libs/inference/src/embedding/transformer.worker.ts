/**
 * Runs one embedding model in a worker thread, one text at a time: on a CPU that is the fastest way, and a text's
 * vector then does not depend on its neighbours (int8 activations are scaled over the whole batch).
 */
import { basename, dirname } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import {
  AutoModel,
  AutoTokenizer,
  env,
  type PreTrainedModel,
  type PreTrainedTokenizer,
  type Tensor,
} from '@huggingface/transformers';
import { encodeQuestionStates, packPassageStates, type TextRole } from '@midplane/contracts';
import type { ThreadReply, ThreadRequest } from '@midplane/kernel';
import type { ModelCard } from '../models/model-card.js';
import { LanguageCentres } from './language-centres.js';
import { tokenStarts } from './token-starts.js';
import { centreAndTurn, quantize, Rotation } from './token-states.js';

/** What the thread is started with. */
export interface TransformerWorkerData {
  folder: string;
  dtype: string;
  card: ModelCard;
  /** Threads that one inference may use. */
  threads: number;
}

export type TransformerMessage =
  | { task: 'embed'; role: TextRole; texts: readonly string[]; tokenStates: boolean }
  | { task: 'count'; texts: readonly string[] };

export interface TransformerResult {
  /** `embed`: the vectors one after the other. `count`: the number of tokens of each text. */
  values: Float32Array;
  /** `embed`: all tokens that went through the model. `count`: what prefix and special tokens add. */
  tokens: number;
  /** `embed`, where asked for: the states of each text's tokens, in base64. */
  tokenStates?: string[];
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

const { folder, dtype, card, threads } = workerData as TransformerWorkerData;
const tokenCentres = card.tokenCentres && new LanguageCentres(card.tokenCentres);
const rotation = new Rotation(card.dimension);
env.localModelPath = `${dirname(folder)}/`;
env.allowRemoteModels = false;

const tokenizer = lazily(() => AutoTokenizer.from_pretrained(basename(folder)));
const model = lazily(() =>
  AutoModel.from_pretrained(basename(folder), {
    dtype: dtype as 'q8',
    device: 'cpu',
    session_options: {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // Threads that spin between two operations take the cores from the database and the event loop.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    },
  }),
);

parentPort?.on('message', ({ id, message }: ThreadRequest<TransformerMessage>) => {
  const work = message.task === 'embed' ? embed(message) : count(message.texts);
  work.then(
    (result) => reply({ id, result }, [result.values.buffer as ArrayBuffer]),
    (error: unknown) => reply({ id, error: error instanceof Error ? error.message : String(error) }),
  );
});

function reply(answer: ThreadReply<TransformerResult>, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(answer, transfer);
}

async function embed({
  role,
  texts,
  tokenStates,
}: Extract<TransformerMessage, { task: 'embed' }>): Promise<TransformerResult> {
  const run = await model();
  const tokenize = await tokenizer();
  const values = new Float32Array(texts.length * card.dimension);
  const states: string[] = [];
  let tokens = 0;
  for (const [i, text] of texts.entries()) {
    const input = (card.prefixes[role] + text).slice(0, card.maxTokens * CHARACTERS_PER_TOKEN);
    const encoded = tokenize(input, { truncation: true, max_length: card.maxTokens }) as {
      input_ids: Tensor;
    };
    tokens += encoded.input_ids.size;
    const output = (await run(encoded)) as Record<string, Tensor>;
    values.set(toUnitLength(pool(output)), i * card.dimension);
    if (tokenStates) {
      const pieces = tokenize.tokenize(input).slice(0, encoded.input_ids.size - SPECIAL_TOKENS);
      states.push(statesOf(role, text, input, pieces, output));
    }
  }
  return { values, tokens, ...(tokenStates ? { tokenStates: states } : {}) };
}

/**
 * The states of the text's own tokens, without the prefix and special ones.
 * @param input the text after its prefix
 * @param pieces the input's tokens as the tokenizer writes them
 */
function statesOf(
  role: TextRole,
  text: string,
  input: string,
  pieces: readonly string[],
  output: Record<string, Tensor>,
): string {
  const { dimension } = card;
  const all = output['last_hidden_state'];
  if (!all || !tokenCentres) throw new Error('the model gives no states of tokens');
  const data = checked(all.data as Float32Array, pieces.length + SPECIAL_TOKENS);
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

/** One vector from the states of one text's tokens; there is no padding, so every state counts. */
function pool(output: Record<string, Tensor>): Float32Array {
  const { dimension } = card;
  const pooled = output['sentence_embedding'];
  if (pooled) return checked(pooled.data as Float32Array, 1);
  const states = output['last_hidden_state'] ?? output['token_embeddings'];
  if (!states) throw new Error(`the model gives ${Object.keys(output).join(', ')}, not last_hidden_state`);
  const count = states.dims[1] as number;
  const data = checked(states.data as Float32Array, count);
  if (card.pooling === 'cls') return data.slice(0, dimension);
  if (card.pooling === 'last') return data.slice((count - 1) * dimension);
  const mean = new Float32Array(dimension);
  for (let at = 0; at < data.length; at += dimension) {
    for (let d = 0; d < dimension; d += 1) mean[d] = (mean[d] as number) + (data[at + d] as number) / count;
  }
  return mean;
}

function checked(data: Float32Array, vectors: number): Float32Array {
  if (data.length === vectors * card.dimension) return data;
  throw new Error(
    `the model gives ${data.length / vectors} dimensions, its config.json says ${card.dimension}`,
  );
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

/** Loads once, at the first call; a load that failed is tried again at the next one. */
function lazily<T extends PreTrainedModel | PreTrainedTokenizer>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () =>
    (loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    }));
}
