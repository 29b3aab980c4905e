import type { RerankModel } from '@midplane/contracts';
import { estimateTokens, type Thread } from '@midplane/kernel';
import type { LocalReranker } from '../models/local-model.js';
import { textModelData } from '../models/text-model-data.js';
import { LoadMeter, type ModelLoad } from '../scheduling/model-load.js';
import { ModelThreads, packetOf, type ThreadsOptions } from '../scheduling/model-threads.js';
import type { Task } from '../scheduling/scheduler.js';
import type {
  CrossEncoderMessage,
  CrossEncoderResult,
  CrossEncoderWorkerData,
  Pair,
} from './cross-encoder.worker.js';
import type { Reranker, RerankOptions } from './reranker.port.js';

type CrossEncoderThread = Thread<CrossEncoderMessage, CrossEncoderResult>;

/** Runs one cross-encoder of a folder in worker threads. Nothing is loaded before the first text. */
export class CrossEncoder implements Reranker {
  readonly #description: RerankModel;
  readonly #threads: ModelThreads<CrossEncoderMessage, CrossEncoderResult>;
  readonly #scoring: Task<CrossEncoderThread, Pair, number>;
  readonly #meter = new LoadMeter();

  constructor(model: LocalReranker, options: ThreadsOptions) {
    const data: CrossEncoderWorkerData = textModelData(model, options);
    this.#description = model.description;
    this.#threads = new ModelThreads(model.description.name, import.meta.url, 'cross-encoder', data, options);
    this.#scoring = {
      ...packetOf(options.batches),
      weigh: ({ text }) => estimateTokens(text),
      run: async (thread, pairs) => {
        const { scores } = await this.#meter.count(pairs.length, this.#threads.ask(thread, pairs));
        return scores;
      },
    };
  }

  describe(): RerankModel {
    return this.#description;
  }

  rerank(query: string, texts: readonly string[], { urgency, signal }: RerankOptions): Promise<number[]> {
    const items = texts.map((text) => ({ query, text }));
    return this.#threads.submit({ task: this.#scoring, items, priority: urgency, signal });
  }

  load(): ModelLoad {
    return this.#meter.load(this.#threads.scheduler);
  }

  close(): Promise<void> {
    return this.#threads.close();
  }
}
