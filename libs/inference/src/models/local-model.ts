import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { EmbeddingModel, RerankModel } from '@midplane/contracts';
import { readCrossEncoderCard, type CrossEncoderCard } from './cross-encoder-card.js';
import type { Device } from './device.js';
import { readModelCard, type ModelCard } from './model-card.js';
import { readTask } from './model-task.js';

/** Weights in a folder, ready to be loaded. */
interface LocalWeights {
  folder: string;
  /** The name under which @huggingface/transformers knows the precision of the weights. */
  dtype: string;
  /** Size of the weights in the file: about what they take in memory. */
  bytes: number;
}

export interface LocalEmbedder extends LocalWeights {
  task: 'embed';
  description: EmbeddingModel;
  card: ModelCard;
}

export interface LocalReranker extends LocalWeights {
  task: 'rerank';
  description: RerankModel;
  card: CrossEncoderCard;
}

export type LocalModel = LocalEmbedder | LocalReranker;

/** Files of weights as exporters name them. */
const WEIGHTS = {
  q8: 'onnx/model_quantized.onnx',
  int8: 'onnx/model_int8.onnx',
  uint8: 'onnx/model_uint8.onnx',
  fp32: 'onnx/model.onnx',
  fp16: 'onnx/model_fp16.onnx',
  q4: 'onnx/model_q4.onnx',
} as const;

/** Those preferred on a CPU first, and those on a GPU: it has no fast way with integers quantized as it goes. */
const ON_CPU = ['q8', 'int8', 'uint8', 'fp32', 'fp16', 'q4'] as const;
const ON_GPU = ['fp16', 'fp32', 'q8', 'int8', 'uint8', 'q4'] as const;

/** What decides a text's vector or score besides the weights. Changed descriptions and licences don't. */
const DECIDING_FILES = ['tokenizer.json', 'tokenizer_config.json', 'config.json'];

/**
 * Reads a model's folder.
 * @param hashes remembers the hashes of files between starts
 * @param device what it will run on: decides between several weights
 * @returns undefined where the folder holds no ONNX weights with a tokenizer
 * @throws Error that says what is wrong with it where it does
 */
export async function readLocalModel(
  name: string,
  folder: string,
  hashes: FileHashes,
  device: Device = 'cpu',
): Promise<LocalModel | undefined> {
  if (!(await exists(join(folder, 'tokenizer.json'))) || !(await exists(join(folder, 'config.json'))))
    return undefined;
  for (const dtype of device === 'cpu' ? ON_CPU : ON_GPU) {
    const path = join(folder, WEIGHTS[dtype]);
    if (!(await exists(path))) continue;
    const files = [path, ...DECIDING_FILES.map((other) => join(folder, other))];
    if (await exists(`${path}_data`)) files.push(`${path}_data`);
    const sizes = await Promise.all(files.map(async (each) => (await sizeOf(each)) ?? 0));
    const weights: LocalWeights = { folder, dtype, bytes: sizes.reduce((sum, size) => sum + size, 0) };
    if ((await readTask(folder)) === 'rerank') {
      const card = await readCrossEncoderCard(folder);
      const revision = await revisionOf(files, [card], hashes);
      return { ...weights, task: 'rerank', card, description: { name, revision } };
    }
    const card = await readModelCard(folder);
    const { prefixes, pooling, maxTokens, dimension, languageCentres, tokenCentres } = card;
    const use = [[prefixes, pooling, maxTokens], languageCentres, tokenCentres];
    const revision = await revisionOf(files, use, hashes);
    const tokenStates = tokenCentres !== undefined;
    const description = { name, revision, dimension, maxTokens, tokenStates };
    return { ...weights, task: 'embed', card, description };
  }
  return undefined;
}

/** @param use what the model's card says that changes its results; what is undefined is left out */
async function revisionOf(files: string[], use: unknown[], hashes: FileHashes): Promise<string> {
  const hash = createHash('sha256');
  for (const each of use) if (each) hash.update(JSON.stringify(each));
  for (const file of files) hash.update((await hashes.of(file)) ?? 'none');
  return hash.digest('hex').slice(0, 16);
}

/** SHA-256 of files, remembered by path, size and time of change, so that gigabytes are not read at each start. */
export class FileHashes {
  readonly #memory: string | undefined;
  #known: Promise<Record<string, string>> | undefined;

  /** @param memory JSON file that keeps them; without one they are kept while the process runs */
  constructor(memory?: string) {
    this.#memory = memory;
  }

  /** @returns hex, or undefined where there is no such file. */
  async of(path: string): Promise<string | undefined> {
    const info = await stat(path).catch(() => undefined);
    if (!info) return undefined;
    const known = await (this.#known ??= this.#read());
    const key = `${path} ${info.size} ${info.mtimeMs}`;
    const remembered = known[key];
    if (remembered) return remembered;
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    known[key] = hash.digest('hex');
    await this.#write(known);
    return known[key];
  }

  async #read(): Promise<Record<string, string>> {
    if (!this.#memory) return {};
    try {
      return JSON.parse(await readFile(this.#memory, 'utf8')) as Record<string, string>;
    } catch {
      return {}; // Missing or cut off half-way: the hashes are taken again.
    }
  }

  async #write(known: Record<string, string>): Promise<void> {
    if (!this.#memory) return;
    const temporary = `${this.#memory}.${randomUUID()}`;
    try {
      await mkdir(dirname(this.#memory), { recursive: true });
      await writeFile(temporary, JSON.stringify(known));
      await rename(temporary, this.#memory);
    } catch {
      await rm(temporary, { force: true }); // A folder that can't be written costs a slower start, nothing else.
    }
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
