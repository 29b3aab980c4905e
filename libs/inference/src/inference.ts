import { availableParallelism } from 'node:os';
import type { EmbeddingModel, OcrLine, TextRole } from '@midplane/contracts';
import type { Embedder, EmbedderLoad, EmbedOptions, TokenCounts } from './embedding/embedder.port.js';
import { EndpointEmbedder, type EndpointOptions } from './embedding/endpoint.embedder.js';
import { TransformerEmbedder } from './embedding/transformer.embedder.js';
import { ModelCatalog, SHIPPED_MODEL, type CatalogOptions } from './models/model-catalog.js';
import { OcrReader } from './ocr/ocr.reader.js';

export interface InferenceOptions extends CatalogOptions {
  /** The model that is used where none is asked for: the shipped one unless told otherwise. */
  model?: string | undefined;
  /** A server that embeds; its model is the default then. */
  endpoint?: EndpointOptions | undefined;
  /** Worker threads of each local model, each with the model loaded. Default 1. */
  workers?: number | undefined;
  /** Threads that one local inference uses. Default: the cores, at most 4. */
  threads?: number | undefined;
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

interface Loaded {
  embedder: Embedder;
  /** Of its weights, in bytes. */
  bytes: number;
}

/** Embeds, counts tokens and reads pictures, by local models or an endpoint, without Nest, a database or a network. */
export class Inference {
  readonly #options: InferenceOptions;
  readonly #catalog: ModelCatalog;
  readonly #endpoint: EndpointEmbedder | undefined;
  readonly #ocr: OcrReader;
  /** Local models in use; the one used longest ago comes first. */
  readonly #loaded = new Map<string, Promise<Loaded>>();

  constructor(options: InferenceOptions = {}) {
    this.#options = options;
    this.#catalog = new ModelCatalog(options);
    this.#ocr = new OcrReader({ maxPixels: options.ocrMaxPixels ?? 50e6, threads: this.#threads });
    if (options.endpoint) {
      const count = (texts: readonly string[], signal?: AbortSignal): Promise<TokenCounts> =>
        this.countTokens({ model: SHIPPED_MODEL, texts, signal });
      this.#endpoint = new EndpointEmbedder(options.endpoint, count, this.#queueLimit);
    }
  }

  /** The models that can embed here, the default first. @throws UserError where the default can't be described */
  async embeddingModels(): Promise<EmbeddingModel[]> {
    const first = await (await this.#embedder(undefined)).describe();
    const others = (await this.#catalog.list()).map(({ description }) => description);
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

  /**
   * Reads a page's picture (PNG or JPEG).
   * @returns its lines, top to bottom and left to right, with boxes as shares of the picture's sides
   * @throws UserError INVALID_INPUT for a picture that can't be read, MODEL_UNAVAILABLE
   */
  ocr(request: { image: Blob; signal?: AbortSignal | undefined }): Promise<OcrLine[]> {
    return this.#ocr.read(request.image, request.signal);
  }

  /** Pictures that wait for OCR, and those being read. */
  ocrLoad(): { queued: number; inFlight: number } {
    return this.#ocr.load();
  }

  /** How busy each model in use is, by its name. */
  async load(): Promise<Record<string, EmbedderLoad>> {
    const loads: Record<string, EmbedderLoad> = {};
    if (this.#endpoint && this.#options.endpoint) loads[this.#options.endpoint.model] = this.#endpoint.load();
    for (const [name, loaded] of this.#loaded) {
      const embedder = await loaded.then(({ embedder }) => embedder).catch(() => undefined);
      if (embedder) loads[name] = embedder.load();
    }
    return loads;
  }

  /** Lets what is queued finish, then frees threads and memory. */
  async close(): Promise<void> {
    await Promise.all([this.#endpoint?.close(), this.#ocr.close()]);
    const loaded = await Promise.allSettled(this.#loaded.values());
    this.#loaded.clear();
    await Promise.all(loaded.map((each) => each.status === 'fulfilled' && each.value.embedder.close()));
  }

  get #queueLimit(): number {
    return this.#options.queueLimit ?? 8192;
  }

  get #threads(): number {
    return this.#options.threads ?? Math.min(availableParallelism(), 4);
  }

  async #embedder(name: string | undefined): Promise<Embedder> {
    const { endpoint, model } = this.#options;
    if (this.#endpoint && (name === undefined || name === endpoint?.model)) return this.#endpoint;
    const wanted = name ?? model ?? SHIPPED_MODEL;
    const loading = this.#loaded.get(wanted) ?? this.#open(wanted);
    this.#loaded.delete(wanted);
    this.#loaded.set(wanted, loading);
    try {
      return (await loading).embedder;
    } catch (error) {
      if (this.#loaded.get(wanted) === loading) this.#loaded.delete(wanted);
      throw error;
    }
  }

  async #open(name: string): Promise<Loaded> {
    const model = await this.#catalog.find(name);
    await this.#makeRoom(name, model.bytes);
    const embedder = new TransformerEmbedder(model, {
      workers: this.#options.workers ?? 1,
      threads: this.#threads,
      queueLimit: this.#queueLimit,
    });
    return { embedder, bytes: model.bytes };
  }

  /** Puts away the models used longest ago until there is room; what they are still busy with is finished first. */
  async #makeRoom(name: string, bytes: number): Promise<void> {
    const { modelsLoaded = 2, memoryBytes = 4e9 } = this.#options;
    const others = [...this.#loaded].filter(([other]) => other !== name);
    const sizes = await Promise.all(
      others.map(([, loaded]) => loaded.then((each) => each.bytes).catch(() => 0)),
    );
    let count = others.length;
    let total = sizes.reduce((sum, size) => sum + size, bytes);
    for (const [i, [other, loaded]] of others.entries()) {
      if (count < modelsLoaded && total <= memoryBytes) return;
      this.#loaded.delete(other);
      count -= 1;
      total -= sizes[i] as number;
      void loaded.then(({ embedder }) => embedder.close()).catch(() => undefined);
    }
  }
}

/** @returns inference ready to use; nothing is loaded before the first text */
export function createInference(options: InferenceOptions = {}): Inference {
  return new Inference(options);
}
