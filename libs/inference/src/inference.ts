import { availableParallelism } from 'node:os';
import type { EmbeddingModel, OcrLine, RerankModel, TextRole } from '@midplane/contracts';
import { UserError } from '@midplane/kernel';
import type { Embedder, EmbedOptions, TokenCounts } from './embedding/embedder.port.js';
import { EndpointEmbedder, type EndpointOptions } from './embedding/endpoint.embedder.js';
import { TransformerEmbedder } from './embedding/transformer.embedder.js';
import { type Batching, batchingOn } from './models/device.js';
import { ModelCatalog, SHIPPED_MODEL, type CatalogOptions } from './models/model-catalog.js';
import { ModelPool } from './models/model-pool.js';
import { OcrReader } from './ocr/ocr.reader.js';
import { CrossEncoder } from './reranking/cross-encoder.js';
import { EndpointReranker, type RerankEndpointOptions } from './reranking/endpoint.reranker.js';
import type { Reranker, RerankOptions } from './reranking/reranker.port.js';
import type { ModelLoad } from './scheduling/model-load.js';
import type { ThreadsOptions } from './scheduling/model-threads.js';

export interface InferenceOptions extends CatalogOptions {
  /** The model that is used where none is asked for: the shipped one unless told otherwise. */
  model?: string | undefined;
  /** A server that embeds; its model is the default then. */
  endpoint?: EndpointOptions | undefined;
  /** The local model that reranks where none is asked for. Default: none. */
  rerankModel?: string | undefined;
  /** A server that reranks; its model is the default then. */
  rerankEndpoint?: RerankEndpointOptions | undefined;
  /** Worker threads of each local model, each with the model loaded. Default 1. */
  workers?: number | undefined;
  /** Threads that one local inference uses. Default: the cores, at most 4. */
  threads?: number | undefined;
  /** How texts are put together for a local model. Default: what is right for the device. */
  batches?: Batching | undefined;
  /** Texts of one urgency that may wait for a model. Default 8,192. */
  queueLimit?: number | undefined;
  /** Local models kept in memory. Default 2. */
  modelsLoaded?: number | undefined;
  /** Bytes of weights kept in memory. Default 4 GB. */
  memoryBytes?: number | undefined;
  /** Pixels of the largest picture that is read. Default 50 million. */
  ocrMaxPixels?: number | undefined;
}

export interface EmbedRequest extends EmbedOptions {
  /** Default: the configured one. */
  model?: string | undefined;
  role: TextRole;
  texts: readonly string[];
}

export interface EmbedResult {
  model: EmbeddingModel;
  vectors: Float32Array[];
  tokenStates?: string[];
}

export interface RerankRequest extends RerankOptions {
  /** Default: the configured one. */
  model?: string | undefined;
  query: string;
  texts: readonly string[];
}

/** Embeds, reranks, counts tokens and reads pictures, by local models or an endpoint, without Nest, a database or a network. */
export class Inference {
  readonly #options: InferenceOptions;
  readonly #catalog: ModelCatalog;
  readonly #pool: ModelPool;
  readonly #endpoint: EndpointEmbedder | undefined;
  readonly #rerankEndpoint: EndpointReranker | undefined;
  readonly #ocr: OcrReader;

  constructor(options: InferenceOptions = {}) {
    this.#options = options;
    this.#catalog = new ModelCatalog(options);
    this.#pool = new ModelPool({
      modelsLoaded: options.modelsLoaded ?? 2,
      memoryBytes: options.memoryBytes ?? 4e9,
      copies: options.workers ?? 1,
    });
    this.#ocr = new OcrReader({ maxPixels: options.ocrMaxPixels ?? 50e6, threads: this.#threads });
    const count = (texts: readonly string[], signal?: AbortSignal): Promise<TokenCounts> =>
      this.countTokens({ model: SHIPPED_MODEL, texts, signal });
    if (options.endpoint) this.#endpoint = new EndpointEmbedder(options.endpoint, count, this.#queueLimit);
    if (options.rerankEndpoint)
      this.#rerankEndpoint = new EndpointReranker(options.rerankEndpoint, count, this.#queueLimit);
  }

  /** The models that can embed here, the default first. @throws UserError where the default can't be described */
  async embeddingModels(): Promise<EmbeddingModel[]> {
    const first = await (await this.#embedder(undefined)).describe();
    const others = (await this.#catalog.list('embed')).map(({ description }) => description);
    return [first, ...others.filter(({ name }) => name !== first.name)];
  }

  /**
   * @returns the model that was used, a vector of length 1 for each text, and the states of its tokens where they
   *   were asked for and the model has them, as the contract encodes them
   * @throws UserError MODEL_NOT_FOUND, MODEL_UNAVAILABLE, MODEL_OVERLOADED; the signal's reason where it aborts
   */
  async embed(request: EmbedRequest): Promise<EmbedResult> {
    const embedder = await this.#embedder(request.model);
    const embedded = await embedder.embed(request.role, request.texts, request);
    const states = embedded.flatMap(({ tokenStates }) => tokenStates ?? []);
    return {
      model: await embedder.describe(request.signal),
      vectors: embedded.map(({ vector }) => vector),
      ...(states.length > 0 ? { tokenStates: states } : {}),
    };
  }

  /** @returns the tokens of each text, and what prefix and special tokens add. @throws as {@link embed} */
  async countTokens(request: {
    model?: string | undefined;
    texts: readonly string[];
    signal?: AbortSignal | undefined;
  }): Promise<TokenCounts> {
    return (await this.#embedder(request.model)).countTokens(request.texts, request.signal);
  }

  /** The configured reranker, and others on disk. @throws UserError where the configured one can't be described */
  async rerankModels(): Promise<{ configured: RerankModel | null; others: RerankModel[] }> {
    const { rerankModel } = this.#options;
    const local = rerankModel === undefined ? undefined : await this.#catalog.find(rerankModel, 'rerank');
    const configured = this.#rerankEndpoint?.describe() ?? local?.description ?? null;
    const models = (await this.#catalog.list('rerank')).map(({ description }) => description);
    return { configured, others: models.filter(({ name }) => name !== configured?.name) };
  }

  /**
   * @returns the model that was used, and for each text, in their order, how well it answers the query, from 0 to 1
   * @throws UserError RERANKER_NOT_CONFIGURED, else as {@link embed}
   */
  async rerank(request: RerankRequest): Promise<{ model: RerankModel; scores: number[] }> {
    const reranker = await this.#reranker(request.model);
    const scores = await reranker.rerank(request.query, request.texts, request);
    return { model: reranker.describe(), scores };
  }

  /**
   * Reads a page's picture (PNG or JPEG).
   * @returns its lines, top to bottom and left to right, with boxes as shares of the picture's sides
   * @throws UserError INVALID_INPUT for a picture that can't be read, MODEL_UNAVAILABLE
   */
  ocr(request: { image: Blob; signal?: AbortSignal | undefined }): Promise<OcrLine[]> {
    return this.#ocr.read(request.image, request.signal);
  }

  /** How busy each model in use is, by its name; OCR is `ocr`. */
  async load(): Promise<Record<string, ModelLoad>> {
    const { endpoint, rerankEndpoint } = this.#options;
    const loads: Record<string, ModelLoad> = {};
    if (this.#endpoint && endpoint) loads[endpoint.model] = this.#endpoint.load();
    if (this.#rerankEndpoint && rerankEndpoint) loads[rerankEndpoint.model] = this.#rerankEndpoint.load();
    return { ...loads, ...(await this.#pool.load()), ocr: this.#ocr.load() };
  }

  /** Bytes of weights in memory, by the model's name. */
  memory(): Record<string, number> {
    return this.#pool.memory();
  }

  /** Lets what is queued finish, then frees threads and memory. */
  async close(): Promise<void> {
    await Promise.all([this.#endpoint?.close(), this.#rerankEndpoint?.close(), this.#ocr.close()]);
    await this.#pool.close();
  }

  get #queueLimit(): number {
    return this.#options.queueLimit ?? 8192;
  }

  get #threads(): number {
    return this.#options.threads ?? Math.min(availableParallelism(), 4);
  }

  get #threadsOptions(): ThreadsOptions {
    const { device = 'cpu', batches, workers = 1 } = this.#options;
    return {
      workers,
      threads: this.#threads,
      queueLimit: this.#queueLimit,
      device,
      batches: batches ?? batchingOn(device),
    };
  }

  async #embedder(name: string | undefined): Promise<Embedder> {
    const { endpoint, model } = this.#options;
    if (this.#endpoint && (name === undefined || name === endpoint?.model)) return this.#endpoint;
    const wanted = name ?? model ?? SHIPPED_MODEL;
    return this.#pool.use(
      'embed',
      wanted,
      () => this.#catalog.find(wanted, 'embed'),
      (local) => new TransformerEmbedder(local, this.#threadsOptions),
    );
  }

  async #reranker(name: string | undefined): Promise<Reranker> {
    const { rerankEndpoint, rerankModel } = this.#options;
    if (this.#rerankEndpoint && (name === undefined || name === rerankEndpoint?.model))
      return this.#rerankEndpoint;
    const wanted = name ?? rerankModel;
    if (wanted === undefined) throw new UserError('RERANKER_NOT_CONFIGURED');
    return this.#pool.use(
      'rerank',
      wanted,
      () => this.#catalog.find(wanted, 'rerank'),
      (local) => new CrossEncoder(local, this.#threadsOptions),
    );
  }
}

/** @returns inference ready to use; nothing is loaded before the first text */
export function createInference(options: InferenceOptions = {}): Inference {
  return new Inference(options);
}
