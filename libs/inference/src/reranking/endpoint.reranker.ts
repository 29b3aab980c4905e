import type { RerankModel } from '@midplane/contracts';
import type { TokenCounts } from '../embedding/embedder.port.js';
import { EndpointClient, unavailable } from '../endpoint/endpoint.client.js';
import { fitTexts } from '../endpoint/fit-texts.js';
import {
  ATTEMPTS,
  PACKET_CHARACTERS,
  revisionOf,
  schedulerOf,
  type TextEndpointOptions,
} from '../endpoint/text-endpoint.js';
import { LoadMeter, type ModelLoad } from '../scheduling/model-load.js';
import { characters, type Scheduler } from '../scheduling/scheduler.js';
import {
  BatchTooLargeError,
  protocolOf,
  readRefusal,
  readScores,
  rerankRequest,
  rerankUrl,
  type RerankProtocol,
} from './rerank.protocols.js';
import type { Reranker, RerankOptions } from './reranker.port.js';
import { sigmoid } from './score.js';

/** `baseUrl`: what stands before `/rerank`; a host alone is enough. TEI, which serves only one model, is not told its name. */
export interface RerankEndpointOptions extends TextEndpointOptions {
  /** Default: what the address tells (`protocolOf`). */
  protocol?: RerankProtocol | undefined;
  /** Longest question and text together, in tokens. Default: the server cuts what is too long. */
  maxTokens?: number | undefined;
}

/** Start, middle and end of a pair, in nearly every model. */
const SPECIAL_TOKENS = 4;

/** Reranks by a server that speaks the rerank protocol of TEI, Jina or Cohere. */
export class EndpointReranker implements Reranker {
  readonly #options: RerankEndpointOptions;
  readonly #protocol: RerankProtocol;
  readonly #client: EndpointClient;
  readonly #count: (texts: readonly string[], signal?: AbortSignal) => Promise<TokenCounts>;
  readonly #scheduler: Scheduler<number>;
  readonly #meter = new LoadMeter();
  #batchSize: number;
  #givesLogits = false;

  /**
   * @param count counts tokens with a local tokenizer, where `maxTokens` is set; with another vocabulary than the
   *   endpoint's the counts are near, not exact
   * @param queueLimit texts of one urgency that may wait
   */
  constructor(
    options: RerankEndpointOptions,
    count: (texts: readonly string[], signal?: AbortSignal) => Promise<TokenCounts>,
    queueLimit: number,
  ) {
    const { baseUrl, batchSize } = options;
    this.#options = options;
    this.#protocol = options.protocol ?? protocolOf(baseUrl);
    this.#client = new EndpointClient({
      ...options,
      url: rerankUrl(baseUrl, this.#protocol),
      check: { key: 'RERANK_API_KEY', path: 'RERANK_BASE_URL, RERANK_PROTOCOL and RERANK_MODEL' },
      refusal: readRefusal,
    });
    this.#count = count;
    this.#batchSize = batchSize;
    this.#scheduler = schedulerOf(options, queueLimit);
  }

  describe(): RerankModel {
    const { baseUrl, model } = this.#options;
    const url = rerankUrl(baseUrl, this.#protocol);
    return { name: model, revision: revisionOf(url, this.#protocol, model) };
  }

  async rerank(query: string, texts: readonly string[], options: RerankOptions): Promise<number[]> {
    const { signal, urgency } = options;
    try {
      const scores = await this.#scheduler.submit({
        items: await this.#fitting(query, texts, signal),
        priority: urgency,
        signal,
        task: {
          packet: { items: this.#batchSize, weight: PACKET_CHARACTERS },
          weigh: characters,
          run: (_, packet) => this.#score(query, packet, options),
        },
      });
      return this.#asProbabilities(scores);
    } catch (error) {
      throw unavailable(this.#options.model, error);
    }
  }

  load(): ModelLoad {
    return this.#meter.load(this.#scheduler);
  }

  close(): Promise<void> {
    return this.#scheduler.drained();
  }

  async #fitting(query: string, texts: readonly string[], signal?: AbortSignal): Promise<readonly string[]> {
    const { maxTokens } = this.#options;
    if (maxTokens === undefined) return texts;
    return fitTexts(texts, maxTokens, query.length, async (doubtful) => {
      const { counts } = await this.#count([query, ...doubtful], signal);
      return { counts: counts.slice(1), overhead: (counts[0] as number) + SPECIAL_TOKENS };
    });
  }

  /** Asks in smaller batches where the endpoint takes no larger ones. */
  async #score(query: string, texts: readonly string[], options: RerankOptions): Promise<number[]> {
    try {
      const { scores } = await this.#meter.count(texts.length, this.#ask(query, texts, options));
      return scores;
    } catch (error) {
      if (!(error instanceof BatchTooLargeError) || texts.length === 1) throw error;
      const half = Math.ceil(texts.length / 2);
      const size = Math.max(1, Math.min(error.limit ?? half, half));
      // Only a limit that was named holds for other texts too: without one it may have been about bytes.
      if (error.limit !== undefined) this.#batchSize = Math.max(1, Math.min(this.#batchSize, error.limit));
      const scores: number[] = [];
      for (let at = 0; at < texts.length; at += size)
        scores.push(...(await this.#score(query, texts.slice(at, at + size), options)));
      return scores;
    }
  }

  #ask(query: string, texts: readonly string[], { signal, urgency }: RerankOptions) {
    return this.#client.post(
      rerankRequest(this.#protocol, this.#options.model, query, texts),
      (json) => readScores(this.#protocol, json, texts.length),
      {
        attempts: ATTEMPTS[urgency],
        patienceMs: urgency === 'interactive' ? this.#options.timeoutMs : undefined,
        signal,
      },
    );
  }

  /** Some servers (llama.cpp, TEI with `raw_scores`) give logits: a value below 0 or above 1 tells, from then on. */
  #asProbabilities(scores: number[]): number[] {
    this.#givesLogits ||= scores.some((score) => score < 0 || score > 1);
    return this.#givesLogits ? scores.map(sigmoid) : scores;
  }
}
