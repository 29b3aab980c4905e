import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { TextRole } from '@midplane/contracts';
import { z } from 'zod';
import type { EncodedCentres } from '../embedding/language-centres.js';

/** How the states of the tokens become one vector. */
export const Pooling = z.enum(['mean', 'cls', 'last']);
export type Pooling = z.infer<typeof Pooling>;

/** How a model wants to be used. */
export interface ModelCard {
  /** What stands before a text of each role. */
  prefixes: Record<TextRole, string>;
  pooling: Pooling;
  /** Longest input in tokens, prefix and special tokens included. */
  maxTokens: number;
  dimension: number;
  /** Moves the vectors of each language onto a common centre; undefined: they stay where the model puts them. */
  languageCentres?: EncodedCentres | undefined;
  /** Centres of the states of tokens. Their being there says that the model's states serve late interaction. */
  tokenCentres?: EncodedCentres | undefined;
}

const Centres = z.object({ han: z.string(), other: z.string() });

/** `midplane.json` in a model's folder; what it says goes before everything else. */
const MidplaneCard = z.strictObject({
  prefixes: z.object({ query: z.string(), passage: z.string() }).optional(),
  pooling: Pooling.optional(),
  maxTokens: z.int().min(8).optional(),
  dimension: z.int().positive().optional(),
  languageCentres: Centres.optional(),
  tokenCentres: Centres.optional(),
});

type Hints = z.infer<typeof MidplaneCard>;

/** The parts of a transformer's config.json that say its sizes, under the names that families use. */
const TransformerConfig = z.object({
  model_type: z.string().optional(),
  hidden_size: z.int().optional(),
  d_model: z.int().optional(),
  dim: z.int().optional(),
  n_embd: z.int().optional(),
  max_position_embeddings: z.int().optional(),
});

const BGE_ENGLISH = 'Represent this sentence for searching relevant passages: ';
const INSTRUCT_QUERY =
  'Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: ';

/**
 * Families whose published files don't say everything, by the folder's name; from their model cards on the hub.
 * The first match counts.
 */
const FAMILIES: { name: RegExp; hints: Hints }[] = [
  { name: /e5-.*instruct/i, hints: { prefixes: { query: INSTRUCT_QUERY, passage: '' }, pooling: 'mean' } },
  { name: /\be5-/i, hints: { prefixes: { query: 'query: ', passage: 'passage: ' }, pooling: 'mean' } },
  { name: /bge-m3/i, hints: { prefixes: { query: '', passage: '' }, pooling: 'cls' } },
  {
    name: /bge-.*-zh/i,
    hints: { prefixes: { query: '为这个句子生成表示以用于检索相关文章：', passage: '' }, pooling: 'cls' },
  },
  { name: /bge-.*-en/i, hints: { prefixes: { query: BGE_ENGLISH, passage: '' }, pooling: 'cls' } },
  {
    name: /gte-qwen|qwen3-embedding/i,
    hints: { prefixes: { query: INSTRUCT_QUERY, passage: '' }, pooling: 'last' },
  },
  { name: /gte-multilingual|gte-.*-v1\.5/i, hints: { prefixes: { query: '', passage: '' }, pooling: 'cls' } },
  { name: /arctic-embed-.*-v2/i, hints: { prefixes: { query: 'query: ', passage: '' }, pooling: 'cls' } },
  {
    name: /arctic-embed|mxbai-embed/i,
    hints: { prefixes: { query: BGE_ENGLISH, passage: '' }, pooling: 'cls' },
  },
  {
    name: /nomic-embed-text/i,
    hints: { prefixes: { query: 'search_query: ', passage: 'search_document: ' }, pooling: 'mean' },
  },
];

/** Where nothing says otherwise: the usual length of a BERT. */
const DEFAULT_MAX_TOKENS = 512;

/**
 * Reads how to use the model in a folder: `midplane.json`, else sentence-transformers' files, else what is known
 * of its family, else the mean of the tokens and no prefix.
 * @throws Error that names the file where one is wrong, or where the folder does not hold an embedder
 */
export async function readModelCard(folder: string): Promise<ModelCard> {
  const own = await readJson(folder, 'midplane.json', MidplaneCard);
  const published = await readSentenceTransformers(folder);
  const family = FAMILIES.find(({ name }) => name.test(basename(folder)))?.hints;
  const hints = [own, published, family];
  const sizes = await readSizes(folder);

  const dimension = own?.dimension ?? sizes.dimension;
  if (!dimension)
    throw new Error(`${join(folder, 'config.json')} names no hidden_size: this is not an embedder`);
  return {
    dimension,
    languageCentres: own?.languageCentres,
    tokenCentres: own?.tokenCentres,
    prefixes: first(hints, 'prefixes') ?? { query: '', passage: '' },
    pooling: first(hints, 'pooling') ?? 'mean',
    maxTokens: Math.min(first(hints, 'maxTokens') ?? DEFAULT_MAX_TOKENS, sizes.maxTokens ?? Infinity),
  };
}

function first<K extends keyof Hints>(hints: (Hints | undefined)[], key: K): Hints[K] {
  return hints.find((hint) => hint?.[key] !== undefined)?.[key];
}

async function readSizes(
  folder: string,
): Promise<{ dimension: number | undefined; maxTokens: number | undefined }> {
  const config = await readJson(folder, 'config.json', TransformerConfig);
  if (!config) throw new Error(`${join(folder, 'config.json')} is missing`);
  const positions = config.max_position_embeddings;
  // RoBERTa's positions begin after the padding index, so two of them are never used.
  const offset = config.model_type?.includes('roberta') ? 2 : 0;
  return {
    dimension: config.hidden_size ?? config.d_model ?? config.dim ?? config.n_embd,
    maxTokens: positions && positions - offset,
  };
}

/** @see https://sbert.net/docs/sentence_transformer/usage/custom_models.html for these files. */
async function readSentenceTransformers(folder: string): Promise<Hints | undefined> {
  const modules = await readJson(
    folder,
    'modules.json',
    z.array(z.object({ type: z.string(), path: z.string() })),
  );
  if (modules?.some(({ type }) => type.endsWith('.Dense'))) {
    throw new Error(`${folder} has a dense layer after its pooling (modules.json), which is not supported`);
  }
  const poolingPath = modules?.find(({ type }) => type.endsWith('.Pooling'))?.path ?? '1_Pooling';
  const pooling = await readJson(
    folder,
    join(poolingPath, 'config.json'),
    z.object({
      pooling_mode_cls_token: z.boolean().optional(),
      pooling_mode_mean_tokens: z.boolean().optional(),
      pooling_mode_lasttoken: z.boolean().optional(),
    }),
  );
  const prompts = await readJson(
    folder,
    'config_sentence_transformers.json',
    z.object({ prompts: z.record(z.string(), z.string()).optional() }),
  );
  const sentence = await readJson(
    folder,
    'sentence_bert_config.json',
    z.object({ max_seq_length: z.int().positive().nullish() }),
  );
  const query = prompts?.prompts?.['query'] ?? prompts?.prompts?.['s2p_query'];
  const passage = prompts?.prompts?.['passage'] ?? prompts?.prompts?.['document'];
  return {
    prefixes: query || passage ? { query: query ?? '', passage: passage ?? '' } : undefined,
    pooling: pooling?.pooling_mode_cls_token
      ? 'cls'
      : pooling?.pooling_mode_lasttoken
        ? 'last'
        : pooling?.pooling_mode_mean_tokens
          ? 'mean'
          : undefined,
    maxTokens: sentence?.max_seq_length ?? undefined,
  };
}

/** @returns undefined where there is no such file. @throws Error naming the file where it can't be used */
async function readJson<T>(folder: string, name: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const path = join(folder, name);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new Error(`${path} is wrong: ${why}`, { cause: error });
  }
}
