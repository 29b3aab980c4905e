import { createHash } from 'node:crypto';
import type { ClassifyModel, LabelScore, Urgency } from '@midplane/contracts';
import { EndpointClient, unavailable } from '../endpoint/endpoint.client.js';
import { LoadMeter, type ModelLoad } from '../scheduling/model-load.js';
import { characters, Scheduler } from '../scheduling/scheduler.js';
import type { Classifier, ClassifyOptions } from './classifier.port.js';
import { predictRequest, predictUrl, readPredictions } from './predict.protocol.js';

export interface ClassifyEndpointOptions {
  /** What stands before `/predict`; a host alone is enough. */
  baseUrl: string;
  /** How the model is called here; TEI, which serves only one, is not told it. */
  model: string;
  apiKey?: string | undefined;
  /** Texts in one request. */
  batchSize: number;
  /** Requests at once. */
  concurrency: number;
  /** Longest wait for one answer, in milliseconds. */
  timeoutMs: number;
}

/** A request also ends where its texts have so many characters: servers limit the size of a body (TEI: 2 MB). */
const PACKET_CHARACTERS = 400_000;

/** Attempts at one request: somebody waits for an interactive one. */
const ATTEMPTS: Record<Urgency, number> = { interactive: 2, bulk: 4 };

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
    const slots = Array.from({ length: options.concurrency }, (_, slot) => slot);
    this.#scheduler = new Scheduler(slots, queueLimit, options.model);
  }

  /** Another server or another model name may mean other scores; a key does not. */
  describe(): ClassifyModel {
    const { baseUrl, model } = this.#options;
    const { host, pathname } = new URL(predictUrl(baseUrl));
    const hash = createHash('sha256').update(JSON.stringify([host, pathname, model]));
    return { name: model, revision: hash.digest('hex').slice(0, 16) };
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
