import { createHash } from 'node:crypto';
import type { EmbeddingModel, TextRole } from '@midplane/contracts';
import { UserError } from '@midplane/kernel';
import { characters, QueueFullError, Scheduler } from '../scheduling/scheduler.js';
import type { Embedded, EmbedOptions, Embedder, EmbedderLoad, TokenCounts } from './embedder.port.js';
import { EndpointClient, EndpointError } from './endpoint.client.js';

export interface EndpointOptions {
  /** Of an OpenAI-compatible server (TEI, vLLM, a cloud), up to `/v1`. */
  baseUrl: string;
  /** The server's name of the model. */
  model: string;
  apiKey?: string | undefined;
  /** What its vectors must have; without it the endpoint is asked once. */
  dimension?: number | undefined;
  /** Longest input in tokens, prefix included. */
  maxTokens: number;
  prefixes: Record<TextRole, string>;
  /** Texts in one request. */
  batchSize: number;
  /** Requests at once. */
  concurrency: number;
  /** Longest wait for one answer, in milliseconds. */
  timeoutMs: number;
}

/** Start and end of the text, in nearly every model. */
const SPECIAL_TOKENS = 2;

/** A request also ends where its texts have so many characters: servers limit the size of a body (TEI: 2 MB). */
const PACKET_CHARACTERS = 400_000;

/** Embeds by a server that speaks OpenAI's protocol. */
export class EndpointEmbedder implements Embedder {
  readonly #options: EndpointOptions;
  readonly #client: EndpointClient;
  readonly #count: (texts: readonly string[], signal?: AbortSignal) => Promise<TokenCounts>;
  readonly #scheduler: Scheduler<number>;
  #dimension: number | undefined;
  #texts = 0;
  #tokens = 0;
  #busySeconds = 0;

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
    this.#client = new EndpointClient(options);
    this.#count = count;
    this.#dimension = options.dimension;
    this.#scheduler = new Scheduler(
      Array.from({ length: options.concurrency }, (_, slot) => slot),
      queueLimit,
    );
  }

  async describe(signal?: AbortSignal): Promise<EmbeddingModel> {
    const { model, maxTokens } = this.#options;
    if (this.#dimension === undefined)
      await this.embed('query', ['dimension'], { urgency: 'interactive', signal });
    return {
      name: model,
      revision: this.#revision(),
      dimension: this.#dimension as number,
      maxTokens,
      tokenStates: false,
    };
  }

  async embed(role: TextRole, texts: readonly string[], options: EmbedOptions): Promise<Embedded[]> {
    const { signal, urgency } = options;
    try {
      return await this.#scheduler.submit({
        items: await this.#fitting(texts, signal),
        priority: urgency,
        signal,
        packet: { items: this.#options.batchSize, weight: PACKET_CHARACTERS },
        weigh: characters,
        run: async (_, packet) => {
          const started = performance.now();
          const prefixed = packet.map((text) => this.#options.prefixes[role] + text);
          const { vectors, tokens } = await this.#client.embed(prefixed, signal);
          this.#busySeconds += (performance.now() - started) / 1000;
          this.#texts += packet.length;
          this.#tokens += tokens;
          return vectors.map((vector) => ({ vector: this.#checked(vector) }));
        },
      });
    } catch (error) {
      throw this.#explained(error);
    }
  }

  async countTokens(texts: readonly string[], signal?: AbortSignal): Promise<TokenCounts> {
    const { query, passage } = this.#options.prefixes;
    const { counts } = await this.#count([query, passage, ...texts], signal);
    return { counts: counts.slice(2), overhead: Math.max(...counts.slice(0, 2)) + SPECIAL_TOKENS };
  }

  load(): EmbedderLoad {
    return {
      queued: this.#scheduler.queued,
      inFlight: this.#scheduler.inFlight,
      texts: this.#texts,
      tokens: this.#tokens,
      busySeconds: this.#busySeconds,
    };
  }

  close(): Promise<void> {
    return this.#scheduler.drained();
  }

  /** Cuts what is longer than the model takes: some servers refuse the whole request over one such text. */
  async #fitting(texts: readonly string[], signal: AbortSignal | undefined): Promise<readonly string[]> {
    const { maxTokens } = this.#options;
    // A token has at least about one character, so only these can be too long.
    const doubtful = texts.filter((text) => text.length > maxTokens - 16);
    if (doubtful.length === 0) return texts;
    const { counts, overhead } = await this.countTokens(doubtful, signal);
    const room = Math.max(1, maxTokens - overhead);
    const cut = new Map(
      doubtful.map((text, i) => {
        const tokens = counts[i] as number;
        return [text, tokens <= room ? text : text.slice(0, Math.floor((text.length * room) / tokens))];
      }),
    );
    return texts.map((text) => cut.get(text) ?? text);
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

  /** Another server or another model name may mean other vectors; a key or another password does not. */
  #revision(): string {
    const { baseUrl, model, prefixes } = this.#options;
    const { host, pathname } = new URL(baseUrl);
    return createHash('sha256')
      .update(JSON.stringify([host, pathname, model, prefixes]))
      .digest('hex')
      .slice(0, 16);
  }

  #explained(error: unknown): unknown {
    const { model } = this.#options;
    if (error instanceof QueueFullError)
      return new UserError('MODEL_OVERLOADED', { model }, { cause: error });
    if (error instanceof EndpointError) {
      return new UserError('MODEL_UNAVAILABLE', { model, reason: error.message }, { cause: error });
    }
    return error;
  }
}
