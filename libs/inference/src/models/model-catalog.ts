import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '@midplane/kernel';
import type { Device } from './device.js';
import { downloadModel, type Hub } from './hub.js';
import { FileHashes, readLocalModel, type LocalModel } from './local-model.js';
import { readTask, TASK_NAMES, type ModelTask } from './model-task.js';

/** The embedder that is shipped, and the default. */
export const SHIPPED_MODEL = 'multilingual-e5-small-zh-en';

/** Weights that come with the program. The folder is as far above `src` as above `dist`. */
const SHIPPED_FOLDER = fileURLToPath(new URL('../../models', import.meta.url));

/** Letters, digits, `.`, `_`, `-`, and at most one `/` as on the hub: never a path out of a folder of models. */
const MODEL_NAME = /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?$/;

export interface CatalogOptions {
  /** A folder of models, `<name>/config.json`, `<name>/onnx/…`. */
  modelsDir?: string | undefined;
  /** Where models may be downloaded from and to; without it nothing is downloaded. */
  hub?: Hub | undefined;
  /** File that remembers the hashes of weights. */
  hashMemory?: string | undefined;
  /** What the models will run on: which of several weights is taken depends on it. Default: the CPU. */
  device?: Device | undefined;
}

type ModelFor<Task extends ModelTask> = Extract<LocalModel, { task: Task }>;

/** The models that can be run here: shipped ones, those of MODELS_DIR, those downloaded, then the hub. */
export class ModelCatalog {
  readonly #folders: string[];
  readonly #hub: Hub | undefined;
  readonly #device: Device;
  readonly #hashes: FileHashes;
  /** Downloads that run: who else wants the model waits for the same one. */
  readonly #downloads = new Map<string, Promise<boolean>>();

  constructor(options: CatalogOptions) {
    this.#folders = [SHIPPED_FOLDER, options.modelsDir, options.hub?.folder].filter(
      (folder) => folder !== undefined,
    );
    this.#hub = options.hub;
    this.#device = options.device ?? 'cpu';
    this.#hashes = new FileHashes(options.hashMemory);
  }

  /**
   * @throws UserError MODEL_NOT_FOUND naming what there is and how to get others; MODEL_UNAVAILABLE where its files
   *   are wrong, the hub does not give it, or it is for another task
   */
  async find<Task extends ModelTask>(name: string, task: Task): Promise<ModelFor<Task>> {
    const model = MODEL_NAME.test(name)
      ? ((await this.#findOnDisk(name)) ?? (await this.#fetch(name)))
      : undefined;
    if (!model) {
      const available = (await this.list(task)).map(({ description }) => description.name).join(', ');
      throw new UserError('MODEL_NOT_FOUND', { model: name, available: available || '–' });
    }
    if (isFor(model, task)) return model;
    const reason = `it is ${TASK_NAMES[model.task]}, and ${TASK_NAMES[task]} is asked for`;
    throw new UserError('MODEL_UNAVAILABLE', { model: name, reason });
  }

  /** All models on disk for a task, by name, each name once. Folders that hold no model, or a broken one, are left out. */
  async list<Task extends ModelTask>(task: Task): Promise<ModelFor<Task>[]> {
    const models = new Map<string, ModelFor<Task>>();
    for (const folder of this.#folders) {
      for (const name of await modelNames(folder)) {
        if (models.has(name)) continue;
        const model = await this.#readFor(name, join(folder, name), task).catch(() => undefined);
        if (model) models.set(name, model);
      }
    }
    return [...models.values()];
  }

  /** Looks at the task first: what is for another one needs no hashes of its weights. */
  async #readFor<Task extends ModelTask>(
    name: string,
    folder: string,
    task: Task,
  ): Promise<ModelFor<Task> | undefined> {
    if ((await readTask(folder)) !== task) return undefined;
    const model = await readLocalModel(name, folder, this.#hashes, this.#device);
    return model && isFor(model, task) ? model : undefined;
  }

  async #findOnDisk(name: string): Promise<LocalModel | undefined> {
    for (const folder of this.#folders) {
      try {
        const model = await readLocalModel(name, join(folder, name), this.#hashes, this.#device);
        if (model) return model;
      } catch (error) {
        throw new UserError(
          'MODEL_UNAVAILABLE',
          { model: name, reason: (error as Error).message },
          { cause: error },
        );
      }
    }
    return undefined;
  }

  async #fetch(name: string): Promise<LocalModel | undefined> {
    if (!this.#hub) return undefined;
    const running = this.#downloads.get(name);
    const download =
      running ?? downloadModel(this.#hub, name, this.#device).finally(() => this.#downloads.delete(name));
    this.#downloads.set(name, download);
    return (await download) ? this.#findOnDisk(name) : undefined;
  }
}

function isFor<Task extends ModelTask>(model: LocalModel, task: Task): model is ModelFor<Task> {
  return model.task === task;
}

/** `<name>` and `<organisation>/<name>` of each folder that looks like a model. */
async function modelNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await subfolders(folder)) {
    const inside = await subfolders(join(folder, entry));
    if (inside.includes('onnx')) names.push(entry);
    else names.push(...inside.map((name) => `${entry}/${name}`));
  }
  return names.sort();
}

async function subfolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && MODEL_NAME.test(entry.name))
    .map((entry) => entry.name);
}
