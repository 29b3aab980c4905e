import type { ClassifyModel, LabelScore } from '@midplane/contracts';
import { EndpointClient, unavailable } from '../endpoint/endpoint.client.js';
import {
  ATTEMPTS,
  PACKET_CHARACTERS,
  revisionOf,
  schedulerOf,
  type TextEndpointOptions,
} from '../endpoint/text-endpoint.js';
import { LoadMeter, type ModelLoad } from '../scheduling/model-load.js';
import { characters, type Scheduler } from '../scheduling/scheduler.js';
import type { Classifier, ClassifyOptions } from './classifier.port.js';
import { predictRequest, predictUrl, readPredictions } from './predict.protocol.js';

/** `baseUrl`: what stands before `/predict`; a host alone is enough. TEI, which serves only one model, is not told its name. */
export type ClassifyEndpointOptions = TextEndpointOptions;

/** Classifies by a server that speaks TEI's protocol, which cuts what is too long itself. */
export class EndpointClassifier implements Classifier {
  readonly #options: ClassifyEndpointOptions;
  readonly #client: EndpointClient;
  readonly #scheduler: Scheduler<number>;
  readonly #meter = new LoadMeter();

  /** @param queueLimit texts of one urgency that may wait */
  constructor(options: ClassifyEndpointOptions, queueLimit: number) {
    this.#options = options;
    this.#client = new EndpointClient({
      ...options,
      url: predictUrl(options.baseUrl),
      check: { key: 'CLASSIFY_API_KEY', path: 'CLASSIFY_BASE_URL' },
    });
    this.#scheduler = schedulerOf(options, queueLimit);
  }

  describe(): ClassifyModel {
    const { baseUrl, model } = this.#options;
    return { name: model, revision: revisionOf(predictUrl(baseUrl), model) };
  }

  async classify(texts: readonly string[], { urgency, signal }: ClassifyOptions): Promise<LabelScore[][]> {
    const { batchSize, timeoutMs, model } = this.#options;
    const patienceMs = urgency === 'interactive' ? timeoutMs : undefined;
    const options = { attempts: ATTEMPTS[urgency], patienceMs, signal };
    try {
      return await this.#scheduler.submit({
        items: texts,
        priority: urgency,
        signal,
        task: {
          packet: { items: batchSize, weight: PACKET_CHARACTERS },
          weigh: characters,
          run: async (_, packet) => {
            const asked = this.#client.post(
              predictRequest(packet),
              (json) => readPredictions(json, packet.length),
              options,
            );
            return (await this.#meter.count(packet.length, asked)).labels;
          },
        },
      });
    } catch (error) {
      throw unavailable(model, error);
    }
  }

  load(): ModelLoad {
    return this.#meter.load(this.#scheduler);
  }

  close(): Promise<void> {
    return this.#scheduler.drained();
  }
}
