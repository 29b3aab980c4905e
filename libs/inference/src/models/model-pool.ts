import type { ModelLoad } from '../scheduling/model-load.js';
import type { LocalModel } from './local-model.js';
import type { ModelTask } from './model-task.js';

/** A model that runs in this process. */
export interface RunningModel {
  load(): ModelLoad;
  /** Lets what is queued finish, then frees threads and memory. */
  close(): Promise<void>;
}

export interface PoolLimits {
  /** Local models kept in memory. */
  modelsLoaded: number;
  /** Bytes of weights kept in memory. */
  memoryBytes: number;
  /** How often each model is there: once for each of its worker threads. */
  copies: number;
}

interface Loading {
  name: string;
  /** Of all copies of its weights; 0 until they are found. */
  bytes: number;
  model: Promise<RunningModel>;
}

/** The local models in use. Where there is no room for another, the one used longest ago is put away. */
export class ModelPool {
  readonly #limits: PoolLimits;
  /** By task and name; the one used longest ago comes first. */
  readonly #models = new Map<string, Loading>();

  constructor(limits: PoolLimits) {
    this.#limits = limits;
  }

  /**
   * @param find looks for the model's weights; a failure is not remembered
   * @param start makes the model of them
   */
  async use<Local extends LocalModel, Model extends RunningModel>(
    task: ModelTask,
    name: string,
    find: () => Promise<Local>,
    start: (local: Local) => Model,
  ): Promise<Model> {
    const key = `${task} ${name}`;
    const loading = this.#models.get(key) ?? this.#open(key, name, find, start);
    this.#models.delete(key);
    this.#models.set(key, loading);
    try {
      // What stands under a key was made by `start` of the same task.
      return (await loading.model) as Model;
    } catch (error) {
      if (this.#models.get(key) === loading) this.#models.delete(key);
      throw error;
    }
  }

  /** How busy each model is, by its name. */
  async load(): Promise<Record<string, ModelLoad>> {
    const loads: Record<string, ModelLoad> = {};
    for (const { name, model } of this.#models.values()) {
      const running = await model.catch(() => undefined);
      if (running) loads[name] = running.load();
    }
    return loads;
  }

  /** Bytes of the weights of each model, by its name. */
  memory(): Record<string, number> {
    return Object.fromEntries([...this.#models.values()].map(({ name, bytes }) => [name, bytes]));
  }

  async close(): Promise<void> {
    const models = await Promise.allSettled([...this.#models.values()].map(({ model }) => model));
    this.#models.clear();
    await Promise.all(models.map((each) => each.status === 'fulfilled' && each.value.close()));
  }

  #open<Local extends LocalModel>(
    key: string,
    name: string,
    find: () => Promise<Local>,
    start: (local: Local) => RunningModel,
  ): Loading {
    const loading: Loading = {
      name,
      bytes: 0,
      model: find().then((local) => {
        loading.bytes = local.bytes * this.#limits.copies;
        this.#makeRoom(key, loading.bytes);
        return start(local);
      }),
    };
    return loading;
  }

  /** What the models that go are still busy with is finished first. */
  #makeRoom(key: string, bytes: number): void {
    const { modelsLoaded, memoryBytes } = this.#limits;
    const others = [...this.#models].filter(([other]) => other !== key);
    let count = others.length;
    let total = others.reduce((sum, [, other]) => sum + other.bytes, bytes);
    for (const [other, { model, bytes: freed }] of others) {
      if (count < modelsLoaded && total <= memoryBytes) return;
      this.#models.delete(other);
      count -= 1;
      total -= freed;
      void model.then((running) => running.close()).catch(() => undefined);
    }
  }
}
