import type { ClassifyModel, LabelScore } from '@midplane/contracts';
import { estimateTokens, type Thread } from '@midplane/kernel';
import type { LocalClassifier } from '../models/local-model.js';
import { textModelData } from '../models/text-model-data.js';
import { LoadMeter, type ModelLoad } from '../scheduling/model-load.js';
import { ModelThreads, packetOf, type ThreadsOptions } from '../scheduling/model-threads.js';
import type { Task } from '../scheduling/scheduler.js';
import type { Classifier, ClassifyOptions } from './classifier.port.js';
import type { ClassifierMessage, ClassifierResult, ClassifierWorkerData } from './classifier.worker.js';

/** Runs one classifier of a folder in worker threads. Nothing is loaded before the first text. */
export class TextClassifier implements Classifier {
  readonly #description: ClassifyModel;
  readonly #threads: ModelThreads<ClassifierMessage, ClassifierResult>;
  readonly #classifying: Task<Thread<ClassifierMessage, ClassifierResult>, string, LabelScore[]>;
  readonly #meter = new LoadMeter();

  constructor(model: LocalClassifier, options: ThreadsOptions) {
    const data: ClassifierWorkerData = textModelData(model, options);
    this.#description = model.description;
    this.#threads = new ModelThreads(model.description.name, import.meta.url, 'classifier', data, options);
    this.#classifying = {
      ...packetOf(options.batches),
      weigh: estimateTokens,
      run: async (thread, texts) => {
        const { labels } = await this.#meter.count(texts.length, this.#threads.ask(thread, texts));
        return labels;
      },
    };
  }

  describe(): ClassifyModel {
    return this.#description;
  }

  classify(items: readonly string[], { urgency, signal }: ClassifyOptions): Promise<LabelScore[][]> {
    return this.#threads.submit({ task: this.#classifying, items, priority: urgency, signal });
  }

  load(): ModelLoad {
    return this.#meter.load(this.#threads.scheduler);
  }

  close(): Promise<void> {
    return this.#threads.close();
  }
}
