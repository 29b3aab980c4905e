import type { EmbeddingModel, TextRole } from '@midplane/contracts';
import { EndpointClient, EndpointError, unavailable } from '../endpoint/endpoint.client.js';
import { fitTexts } from '../endpoint/fit-texts.js';
import {
  PACKET_CHARACTERS,
  revisionOf,
  schedulerOf,
  type TextEndpointOptions,
} from '../endpoint/text-endpoint.js';
import { LoadMeter, type ModelLoad } from '../scheduling/model-load.js';
import { characters, type Scheduler } from '../scheduling/scheduler.js';
import type { Embedded, EmbedOptions, Embedder, TokenCounts } from './embedder.port.js';
import { embeddingsRequest, readEmbeddings } from './embeddings.protocol.js';

/** `baseUrl`: of an OpenAI-compatible server (TEI, vLLM, a cloud), up to `/v1`. */
export interface EndpointOptions extends TextEndpointOptions {
  /** What its vectors must have; without it the endpoint is asked once. */
  dimension?: number | undefined;
  /** Longest input in tokens, prefix included. */
  maxTokens: number;
  prefixes: Record<TextRole, string>;
}

/** Start and end of the text, in nearly every model. */
const SPECIAL_TOKENS = 2;

/** Embeds by a server that speaks OpenAI's protocol. */
export class EndpointEmbedder implements Embedder {
  readonly #options: EndpointOptions;
  readonly #client: EndpointClient;
  readonly #count: (texts: readonly string[], signal?: AbortSignal) => Promise<TokenCounts>;
  readonly #scheduler: Scheduler<number>;
  readonly #meter = new LoadMeter();
  #dimension: number | undefined;

  /**
   * @param count counts tokens with a local tokenizer: the protocol has no call for it. With another vocabulary
   *   than the endpoint's the counts are near, not exact
   * @param queueLimit texts of one urgency that may wait
   */
  constructor(
    options: EndpointOptions,
    count: (texts: readonly string[], signal?: AbortSignal) => Promise<TokenCounts>,
    queueLimit: number,
  ) {
    this.#options = options;
    this.#client = new EndpointClient({
      ...options,
      url: `${options.baseUrl.replace(/\/+$/, '')}/embeddings`,
      check: { key: 'EMBEDDING_API_KEY', path: 'EMBEDDING_BASE_URL and EMBEDDING_MODEL' },
    });
    this.#count = count;
    this.#dimension = options.dimension;
    this.#scheduler = schedulerOf(options, queueLimit);
  }

  async describe(signal?: AbortSignal): Promise<EmbeddingModel> {
    const { model, maxTokens } = this.#options;
    if (this.#dimension === undefined)
      await this.embed('query', ['dimension'], { urgency: 'interactive', signal });
    return {
      name: model,
      revision: revisionOf(this.#options.baseUrl, model, this.#options.prefixes),
      dimension: this.#dimension as number,
      maxTokens,
      tokenStates: false,
    };
  }

  async embed(role: TextRole, texts: readonly string[], options: EmbedOptions): Promise<Embedded[]> {
    const { signal, urgency } = options;
    const { maxTokens } = this.#options;
    try {
      return await this.#scheduler.submit({
        items: await fitTexts(texts, maxTokens, 0, (doubtful) => this.countTokens(doubtful, signal)),
        priority: urgency,
        signal,
        task: {
          packet: { items: this.#options.batchSize, weight: PACKET_CHARACTERS },
          weigh: characters,
          run: async (_, packet) => {
            const { model, prefixes } = this.#options;
            const prefixed = packet.map((text) => prefixes[role] + text);
            const { vectors } = await this.#meter.count(
              packet.length,
              this.#client.post(
                embeddingsRequest(model, prefixed),
                (json) => readEmbeddings(json, packet.length),
                { signal },
              ),
            );
            return vectors.map((vector) => ({ vector: this.#checked(vector) }));
          },
        },
      });
    } catch (error) {
      throw unavailable(this.#options.model, error);
    }
  }

  async countTokens(texts: readonly string[], signal?: AbortSignal): Promise<TokenCounts> {
    const { query, passage } = this.#options.prefixes;
    const { counts } = await this.#count([query, passage, ...texts], signal);
    return { counts: counts.slice(2), overhead: Math.max(...counts.slice(0, 2)) + SPECIAL_TOKENS };
  }

  load(): ModelLoad {
    return this.#meter.load(this.#scheduler);
  }

  close(): Promise<void> {
    return this.#scheduler.drained();
  }

  #checked(vector: Float32Array): Float32Array {
    this.#dimension ??= vector.length;
    if (vector.length !== this.#dimension) {
      throw new EndpointError(
        `its vectors have ${vector.length} dimensions instead of ${this.#dimension}`,
        false,
      );
    }
    const length = Math.hypot(...vector);
    if (!(length > 0 && length < Infinity))
      throw new EndpointError('it gave a vector without a direction', false);
    return vector.map((value) => value / length);
  }
}
