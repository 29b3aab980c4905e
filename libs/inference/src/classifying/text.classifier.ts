import type { ClassifyModel, LabelScore } from '@midplane/contracts';
import type { LocalClassifier } from '../models/local-model.js';
import { LoadMeter, type ModelLoad } from '../scheduling/model-load.js';
import { ModelThreads, type ThreadsOptions } from '../scheduling/model-threads.js';
import { characters } from '../scheduling/scheduler.js';
import type { Classifier, ClassifyOptions } from './classifier.port.js';
import type { ClassifierMessage, ClassifierResult, ClassifierWorkerData } from './classifier.worker.js';

/** Short texts are handed over together; another request waits for at most about one passage. */
const PACKET = { items: 8, weight: 600 };

/** Runs one classifier of a folder in worker threads. Nothing is loaded before the first text. */
export class TextClassifier implements Classifier {
  readonly #description: ClassifyModel;
  readonly #threads: ModelThreads<ClassifierMessage, ClassifierResult>;
  readonly #meter = new LoadMeter();

  constructor({ folder, dtype, card, description }: LocalClassifier, options: ThreadsOptions) {
    const data: ClassifierWorkerData = { folder, dtype, card, threads: options.threads };
    this.#description = description;
    this.#threads = new ModelThreads(description.name, import.meta.url, 'classifier', data, options);
  }

  describe(): ClassifyModel {
    return this.#description;
  }

  classify(texts: readonly string[], { urgency, signal }: ClassifyOptions): Promise<LabelScore[][]> {
    return this.#threads.submit({
      items: texts,
      priority: urgency,
      signal,
      packet: PACKET,
      weigh: characters,
      run: async (thread, packet) => {
        const asked = this.#threads.ask(thread, { texts: packet });
        return (await this.#meter.count(packet.length, asked)).labels;
      },
    });
  }

  load(): ModelLoad {
    return this.#meter.load(this.#threads.scheduler);
  }

  close(): Promise<void> {
    return this.#threads.close();
  }
}
