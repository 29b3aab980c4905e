import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UserError } from '@midplane/kernel';
import type { Device } from './device.js';
import { readTask } from './model-task.js';
import { precisionsOn } from './precisions.js';
import { SPEECH_GRAPHS } from './speech-card.js';

/** A model hub that speaks `<endpoint>/<name>/resolve/main/<file>`, as huggingface.co and its mirrors do. */
export interface Hub {
  /** Base URL without a path behind it. */
  endpoint: string;
  /** Folder that models are kept in, each under its name. */
  folder: string;
}

/** Without these no model can run. */
const REQUIRED = ['config.json', 'tokenizer.json'];
/** How the model wants to be used; many models have only some of them. */
const OPTIONAL = [
  'tokenizer_config.json',
  'modules.json',
  '1_Pooling/config.json',
  'config_sentence_transformers.json',
  'sentence_bert_config.json',
  'midplane.json',
  'preprocessor_config.json',
  'generation_config.json',
];

/** Longest wait for the first byte of a file, in milliseconds; the file itself may take as long as it keeps coming. */
const HEADERS_TIMEOUT = 30_000;

/**
 * Fetches a model's files. They appear in the hub's folder all at once, so a download that was cut off leaves no
 * half model. Of the precisions of its weights it is the one that is best on the device.
 * @returns false where the hub has no such model, or none with ONNX weights
 * @throws UserError MODEL_UNAVAILABLE where the hub can't be reached or refuses
 */
export async function downloadModel(hub: Hub, name: string, device: Device): Promise<boolean> {
  const unfinished = join(hub.folder, `.${name.replace('/', '--')}.${process.pid}.part`);
  try {
    for (const file of REQUIRED) if (!(await download(hub, name, file, unfinished))) return false;
    for (const file of OPTIONAL) await download(hub, name, file, unfinished);
    const graphs = (await readTask(unfinished)) === 'transcribe' ? SPEECH_GRAPHS : ['model'];
    for (const graph of graphs) {
      const files = precisionsOn(device).map(({ ending }) => `onnx/${graph}${ending}.onnx`);
      if (!(await downloadFirst(hub, name, files, unfinished))) return false;
    }
    const folder = join(hub.folder, name);
    await mkdir(dirname(folder), { recursive: true });
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
    return true;
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = `downloading it from ${new URL(hub.endpoint).host} failed (${(error as Error).message})`;
    throw new UserError('MODEL_UNAVAILABLE', { model: name, reason }, { cause: error });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function downloadFirst(hub: Hub, name: string, files: string[], folder: string): Promise<boolean> {
  for (const file of files) {
    if (!(await download(hub, name, file, folder))) continue;
    // Weights that are too large for the graph's own file.
    await download(hub, name, `${file}_data`, folder);
    return true;
  }
  return false;
}

/** @returns false where the hub has no such file. */
async function download(hub: Hub, name: string, file: string, folder: string): Promise<boolean> {
  const url = `${hub.endpoint.replace(/\/+$/, '')}/${name}/resolve/main/${file}`;
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(new Error('no answer in time')), HEADERS_TIMEOUT);
  const response = await fetch(url, { signal: timeout.signal }).finally(() => clearTimeout(timer));
  // The hub answers 401 for a model that does not exist, so that private names can't be told from free ones.
  if (response.status === 404 || response.status === 401) {
    await response.body?.cancel();
    return false;
  }
  if (!response.ok || !response.body) throw new Error(`HTTP ${response.status} for ${file}`);
  const path = join(folder, file);
  await mkdir(dirname(path), { recursive: true });
  await pipeline(
    Readable.fromWeb(response.body as import('node:stream/web').ReadableStream),
    createWriteStream(path),
  );
  const announced = Number(response.headers.get('content-length'));
  if (announced && !response.headers.get('content-encoding') && announced !== (await stat(path)).size) {
    throw new Error(`${file} was cut off`);
  }
  return true;
}
