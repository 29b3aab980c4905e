import type { RerankModel } from '@midplane/contracts';
import type { LocalReranker } from '../models/local-model.js';
import { LoadMeter, type ModelLoad } from '../scheduling/model-load.js';
import { ModelThreads, type ThreadsOptions } from '../scheduling/model-threads.js';
import { characters } from '../scheduling/scheduler.js';
import type {
  CrossEncoderMessage,
  CrossEncoderResult,
  CrossEncoderWorkerData,
} from './cross-encoder.worker.js';
import type { Reranker, RerankOptions } from './reranker.port.js';

/** Short texts are handed over together; another question waits for at most about one passage. */
const PACKET = { items: 8, weight: 600 };

/** Runs one cross-encoder of a folder in worker threads. Nothing is loaded before the first text. */
export class CrossEncoder implements Reranker {
  readonly #description: RerankModel;
  readonly #threads: ModelThreads<CrossEncoderMessage, CrossEncoderResult>;
  readonly #meter = new LoadMeter();

  constructor({ folder, dtype, card, description }: LocalReranker, options: ThreadsOptions) {
    const data: CrossEncoderWorkerData = { folder, dtype, card, threads: options.threads };
    this.#description = description;
    this.#threads = new ModelThreads(description.name, import.meta.url, 'cross-encoder', data, options);
  }

  describe(): RerankModel {
    return this.#description;
  }

  rerank(query: string, texts: readonly string[], { urgency, signal }: RerankOptions): Promise<number[]> {
    return this.#threads.submit({
      items: texts,
      priority: urgency,
      signal,
      packet: PACKET,
      weigh: characters,
      run: async (thread, packet) => {
        const { scores } = await this.#meter.count(
          packet.length,
          this.#threads.ask(thread, { query, texts: packet }),
        );
        return scores;
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
