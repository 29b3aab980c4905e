import { availableParallelism } from 'node:os';
import type {
  ClassifyModel,
  EmbeddingModel,
  LabelScore,
  OcrLine,
  ProblemCode,
  RerankModel,
  TextRole,
  Transcript,
  TranscribeModel,
} from '@midplane/contracts';
import { UserError } from '@midplane/kernel';
import type { Classifier, ClassifyOptions } from './classifying/classifier.port.js';
import { type ClassifyEndpointOptions, EndpointClassifier } from './classifying/endpoint.classifier.js';
import { TextClassifier } from './classifying/text.classifier.js';
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
import { AudioReader } from './transcribing/audio/audio.reader.js';
import { EndpointTranscriber, type TranscribeEndpointOptions } from './transcribing/endpoint.transcriber.js';
import { SpeechTranscriber } from './transcribing/speech.transcriber.js';
import type { Transcriber, TranscribeOptions } from './transcribing/transcriber.port.js';

export interface InferenceOptions extends CatalogOptions {
  /** The model that is used where none is asked for: the shipped one unless told otherwise. */
  model?: string | undefined;
  /** A server that embeds; its model is the default then. */
  endpoint?: EndpointOptions | undefined;
  /** The local model that reranks where none is asked for. Default: none. */
  rerankModel?: string | undefined;
  /** A server that reranks; its model is the default then. */
  rerankEndpoint?: RerankEndpointOptions | undefined;
  /** The local model that classifies where none is asked for. Default: none. */
  classifyModel?: string | undefined;
  /** A server that classifies; its model is the default then. */
  classifyEndpoint?: ClassifyEndpointOptions | undefined;
  /** The local model that transcribes where none is asked for. Default: none. */
  transcribeModel?: string | undefined;
  /** A server that transcribes; its model is the default then. */
  transcribeEndpoint?: TranscribeEndpointOptions | undefined;
  /** Longest sound that a local model transcribes, in seconds. Default an hour. */
  transcribeSeconds?: number | undefined;
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

export interface ClassifyRequest extends ClassifyOptions {
  /** Default: the configured one. */
  model?: string | undefined;
  texts: readonly string[];
}

export interface TranscribeRequest extends TranscribeOptions {
  /** Default: the configured one. */
  model?: string | undefined;
  /** WAV, MP3, M4A, WebM, Ogg or FLAC. */
  audio: Blob;
}

/** A model of a kind that nothing serves unless it is configured, and others of it on disk. */
interface Models<Model> {
  configured: Model | null;
  others: Model[];
}

/** Embeds, reranks, classifies, transcribes, counts tokens and reads pictures, by local models or an endpoint, without Nest, a database or a network. */
export class Inference {
  readonly #options: InferenceOptions;
  readonly #catalog: ModelCatalog;
  readonly #pool: ModelPool;
  readonly #endpoint: EndpointEmbedder | undefined;
  readonly #rerankEndpoint: EndpointReranker | undefined;
  readonly #classifyEndpoint: EndpointClassifier | undefined;
  readonly #transcribeEndpoint: EndpointTranscriber | undefined;
  readonly #audio: AudioReader;
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
    if (options.classifyEndpoint)
      this.#classifyEndpoint = new EndpointClassifier(options.classifyEndpoint, this.#queueLimit);
    if (options.transcribeEndpoint)
      this.#transcribeEndpoint = new EndpointTranscriber(options.transcribeEndpoint);
    this.#audio = new AudioReader(options.transcribeSeconds ?? 3600);
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
  rerankModels(): Promise<Models<RerankModel>> {
    return this.#models('rerank', this.#rerankEndpoint, this.#options.rerankModel);
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

  /** The configured classifier, and others on disk. @throws UserError where the configured one can't be described */
  classifyModels(): Promise<Models<ClassifyModel>> {
    return this.#models('classify', this.#classifyEndpoint, this.#options.classifyModel);
  }

  /**
   * @returns the model that was used, and for each text, in their order, all labels, the surest first
   * @throws UserError CLASSIFIER_NOT_CONFIGURED, else as {@link embed}
   */
  async classify(request: ClassifyRequest): Promise<{ model: ClassifyModel; labels: LabelScore[][] }> {
    const classifier = await this.#classifier(request.model);
    return { model: classifier.describe(), labels: await classifier.classify(request.texts, request) };
  }

  /** The configured speech model, and others on disk. @throws UserError where the configured one can't be described */
  transcribeModels(): Promise<Models<TranscribeModel>> {
    return this.#models('transcribe', this.#transcribeEndpoint, this.#options.transcribeModel);
  }

  /**
   * @returns the model that was used, and what was said
   * @throws UserError TRANSCRIBER_NOT_CONFIGURED, AUDIO_UNREADABLE, AUDIO_TOO_LONG, INVALID_INPUT for a language that
   *   the model does not know, else as {@link embed}
   */
  async transcribe(request: TranscribeRequest): Promise<Transcript & { model: TranscribeModel }> {
    const transcriber = await this.#transcriber(request.model);
    return { model: transcriber.describe(), ...(await transcriber.transcribe(request.audio, request)) };
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
    const { endpoint } = this.#options;
    const loads: Record<string, ModelLoad> = {};
    if (this.#endpoint && endpoint) loads[endpoint.model] = this.#endpoint.load();
    for (const other of [this.#rerankEndpoint, this.#classifyEndpoint, this.#transcribeEndpoint])
      if (other) loads[other.describe().name] = other.load();
    return { ...loads, ...(await this.#pool.load()), ocr: this.#ocr.load() };
  }

  /** Bytes of weights in memory, by the model's name. */
  memory(): Record<string, number> {
    return this.#pool.memory();
  }

  /** Lets what is queued finish, then frees threads and memory. */
  async close(): Promise<void> {
    const endpoints = [
      this.#endpoint,
      this.#rerankEndpoint,
      this.#classifyEndpoint,
      this.#transcribeEndpoint,
    ];
    await Promise.all([...endpoints.map((endpoint) => endpoint?.close()), this.#ocr.close()]);
    await this.#pool.close();
    await this.#audio.close();
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
    const endpoint = this.#rerankEndpoint;
    if (endpoint && (name === undefined || name === endpoint.describe().name)) return endpoint;
    const wanted = wantedModel(name, this.#options.rerankModel, 'RERANKER_NOT_CONFIGURED');
    return this.#pool.use(
      'rerank',
      wanted,
      () => this.#catalog.find(wanted, 'rerank'),
      (local) => new CrossEncoder(local, this.#threadsOptions),
    );
  }

  async #classifier(name: string | undefined): Promise<Classifier> {
    const endpoint = this.#classifyEndpoint;
    if (endpoint && (name === undefined || name === endpoint.describe().name)) return endpoint;
    const wanted = wantedModel(name, this.#options.classifyModel, 'CLASSIFIER_NOT_CONFIGURED');
    return this.#pool.use(
      'classify',
      wanted,
      () => this.#catalog.find(wanted, 'classify'),
      (local) => new TextClassifier(local, this.#threadsOptions),
    );
  }

  async #transcriber(name: string | undefined): Promise<Transcriber> {
    const endpoint = this.#transcribeEndpoint;
    if (endpoint && (name === undefined || name === endpoint.describe().name)) return endpoint;
    const wanted = wantedModel(name, this.#options.transcribeModel, 'TRANSCRIBER_NOT_CONFIGURED');
    return this.#pool.use(
      'transcribe',
      wanted,
      () => this.#catalog.find(wanted, 'transcribe'),
      (local) => new SpeechTranscriber(local, this.#audio, this.#threadsOptions),
    );
  }

  async #models(
    task: 'rerank' | 'classify' | 'transcribe',
    endpoint: { describe(): Described } | undefined,
    name: string | undefined,
  ): Promise<Models<Described>> {
    const local = name === undefined ? undefined : await this.#catalog.find(name, task);
    const configured = endpoint?.describe() ?? local?.description ?? null;
    const models = (await this.#catalog.list(task)).map(({ description }) => description);
    return { configured, others: models.filter((other) => other.name !== configured?.name) };
  }
}

/** What the models of these kinds are described by. */
type Described = RerankModel & ClassifyModel & TranscribeModel;

/** @throws UserError with the code where no model is named and none is configured */
function wantedModel(named: string | undefined, configured: string | undefined, code: ProblemCode): string {
  const wanted = named ?? configured;
  if (wanted === undefined) throw new UserError(code);
  return wanted;
}

/** @returns inference ready to use; nothing is loaded before the first text */
export function createInference(options: InferenceOptions = {}): Inference {
  return new Inference(options);
}
