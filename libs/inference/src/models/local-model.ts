import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ClassifyModel, EmbeddingModel, RerankModel, TranscribeModel } from '@midplane/contracts';
import { type ClassifierCard, readClassifierCard } from './classifier-card.js';
import { readCrossEncoderCard, type CrossEncoderCard } from './cross-encoder-card.js';
import type { Device } from './device.js';
import { readModelCard, type ModelCard } from './model-card.js';
import { precisionsOn } from './precisions.js';
import { readTask } from './model-task.js';
import { readSpeechFamily, SPEECH_GRAPHS, type SpeechModelFolder } from './speech-card.js';

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

export interface LocalClassifier extends LocalWeights {
  task: 'classify';
  description: ClassifyModel;
  card: ClassifierCard;
}

/** Of its weights each graph has a precision of its own, which the card names. */
export interface LocalSpeechModel extends Omit<LocalWeights, 'dtype'> {
  task: 'transcribe';
  description: TranscribeModel;
  card: SpeechModelFolder;
}

export type LocalModel = LocalEmbedder | LocalReranker | LocalClassifier | LocalSpeechModel;

/** What decides a model's results besides the weights. Changed descriptions and licences don't. */
const DECIDING_FILES = ['tokenizer.json', 'tokenizer_config.json', 'config.json'];
const DECIDING_SPEECH_FILES = [...DECIDING_FILES, 'preprocessor_config.json', 'generation_config.json'];

/** A graph in the precision that is best on the device. */
interface GraphFile {
  dtype: string;
  /** Its file, and that of weights beside it where there is one. */
  files: string[];
}

async function findGraph(folder: string, graph: string, device: Device): Promise<GraphFile | undefined> {
  for (const { dtype, ending } of precisionsOn(device)) {
    const path = join(folder, `onnx/${graph}${ending}.onnx`);
    if (!(await exists(path))) continue;
    return { dtype, files: (await exists(`${path}_data`)) ? [path, `${path}_data`] : [path] };
  }
  return undefined;
}

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
  const task = await readTask(folder);
  if (task === 'transcribe') return readSpeechModel(name, folder, hashes, device);
  const graph = await findGraph(folder, 'model', device);
  if (!graph) return undefined;
  const files = decidedBy(folder, graph.files, DECIDING_FILES);
  const weights: LocalWeights = { folder, dtype: graph.dtype, bytes: await totalSize(files) };
  if (task === 'rerank') {
    const card = await readCrossEncoderCard(folder);
    const revision = await revisionOf(files, [card], hashes);
    return { ...weights, task, card, description: { name, revision } };
  }
  if (task === 'classify') {
    const card = await readClassifierCard(folder);
    const revision = await revisionOf(files, [card], hashes);
    return { ...weights, task, card, description: { name, revision } };
  }
  const card = await readModelCard(folder);
  const { prefixes, pooling, maxTokens, dimension, languageCentres, tokenCentres } = card;
  const use = [[prefixes, pooling, maxTokens], languageCentres, tokenCentres];
  const revision = await revisionOf(files, use, hashes);
  const tokenStates = tokenCentres !== undefined;
  const description = { name, revision, dimension, maxTokens, tokenStates };
  return { ...weights, task, card, description };
}

async function readSpeechModel(
  name: string,
  folder: string,
  hashes: FileHashes,
  device: Device,
): Promise<LocalSpeechModel | undefined> {
  const finding = SPEECH_GRAPHS.map((graph) => findGraph(folder, graph, device));
  const [encoder, decoder] = await Promise.all(finding);
  if (!encoder || !decoder) return undefined;
  const family = await readSpeechFamily(folder);
  const card = { family, dtypes: { encoder_model: encoder.dtype, decoder_model_merged: decoder.dtype } };
  const files = decidedBy(folder, [...encoder.files, ...decoder.files], DECIDING_SPEECH_FILES);
  const revision = await revisionOf(files, [card], hashes);
  return { task: 'transcribe', folder, bytes: await totalSize(files), card, description: { name, revision } };
}

/** The graph first, and weights beside it last: in this order their hashes make the revision. */
const decidedBy = (folder: string, [graph, ...beside]: string[], others: readonly string[]): string[] => [
  graph!,
  ...others.map((other) => join(folder, other)),
  ...beside,
];

async function totalSize(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map(async (each) => (await sizeOf(each)) ?? 0));
  return sizes.reduce((sum, size) => sum + size, 0);
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
