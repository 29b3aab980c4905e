import type { EmbeddingModel, TextRole } from '@midplane/contracts';
import { estimateTokens, type Thread } from '@midplane/kernel';
import type { BatchSize } from '../models/batches.js';
import type { LocalEmbedder } from '../models/local-model.js';
import { textModelData } from '../models/text-model-data.js';
import { LoadMeter, type ModelLoad } from '../scheduling/model-load.js';
import { ModelThreads, packetOf, type ThreadsOptions } from '../scheduling/model-threads.js';
import { characters, type Task } from '../scheduling/scheduler.js';
import { LanguageCentres } from './language-centres.js';
import type { Embedded, EmbedOptions, Embedder, TokenCounts } from './embedder.port.js';
import type {
  TextToEmbed,
  TransformerMessage,
  TransformerResult,
  TransformerWorkerData,
} from './transformer.worker.js';

const COUNT_PACKET = { items: 128, weight: 8000 };

type EmbedderThread = Thread<TransformerMessage, TransformerResult>;

/** A text to be embedded. */
interface EmbedItem extends TextToEmbed {
  /** Whether its vector is moved onto the common centre of languages. */
  centred: boolean;
}

/** Runs one model of a folder in worker threads. Nothing is loaded before the first text. */
export class TransformerEmbedder implements Embedder {
  readonly #model: LocalEmbedder;
  readonly #threads: ModelThreads<TransformerMessage, TransformerResult>;
  readonly #centres: LanguageCentres | undefined;
  readonly #embedding: Task<EmbedderThread, EmbedItem, Embedded>;
  readonly #bulk: Task<EmbedderThread, EmbedItem, Embedded>;
  readonly #counting: Task<EmbedderThread, string, number>;
  readonly #meter = new LoadMeter();
  #overhead: number | undefined;

  constructor(model: LocalEmbedder, options: ThreadsOptions) {
    const { card, description } = model;
    const data: TransformerWorkerData = textModelData(model, options);
    this.#model = model;
    this.#centres = card.languageCentres && new LanguageCentres(card.languageCentres);
    this.#threads = new ModelThreads(description.name, import.meta.url, 'transformer', data, options);
    const { tokens, bulk, waitMs } = options.batches;
    this.#embedding = this.#inBatchesOf({ tokens }, waitMs);
    this.#bulk = this.#inBatchesOf(bulk, waitMs);
    this.#counting = {
      packet: COUNT_PACKET,
      weigh: characters,
      run: (thread, texts) => this.#count(thread, texts),
    };
  }

  async describe(): Promise<EmbeddingModel> {
    return this.#model.description;
  }

  embed(role: TextRole, texts: readonly string[], options: EmbedOptions): Promise<Embedded[]> {
    const tokenStates = options.tokenStates === true && this.#model.description.tokenStates;
    const centred = options.centred !== false;
    return this.#threads.submit({
      task: options.urgency === 'bulk' ? this.#bulk : this.#embedding,
      items: texts.map((text) => ({ role, text, tokenStates, centred })),
      priority: options.urgency,
      signal: options.signal,
    });
  }

  async countTokens(texts: readonly string[], signal?: AbortSignal): Promise<TokenCounts> {
    // One empty text where only the overhead is wanted and not known yet.
    const asked = texts.length === 0 && this.#overhead === undefined ? [''] : texts;
    const work = { task: this.#counting, items: asked, priority: 'counting', signal } as const;
    const counts = await this.#threads.submit(work);
    return { counts: counts.slice(0, texts.length), overhead: this.#overhead as number };
  }

  #inBatchesOf(size: BatchSize, waitMs: number | undefined): Task<EmbedderThread, EmbedItem, Embedded> {
    return {
      ...packetOf({ tokens: size.tokens, waitMs }),
      weigh: ({ text }) => estimateTokens(text),
      run: (thread, items) => this.#embed(thread, items, size),
    };
  }

  async #embed(thread: EmbedderThread, items: readonly EmbedItem[], batch: BatchSize): Promise<Embedded[]> {
    const texts = items.map(({ role, text, tokenStates }) => ({ role, text, tokenStates }));
    const asking = this.#threads.ask(thread, { task: 'embed', texts, batch });
    const { values, tokenStates } = await this.#meter.count(items.length, asking);
    const { dimension } = this.#model.card;
    return items.map(({ text, centred }, i) => {
      const plain = values.slice(i * dimension, (i + 1) * dimension);
      const vector = centred && this.#centres ? this.#centres.move(plain, text) : plain;
      const states = tokenStates?.[i];
      return states === undefined ? { vector } : { vector, tokenStates: states };
    });
  }

  async #count(thread: EmbedderThread, texts: readonly string[]): Promise<number[]> {
    const { values, tokens } = await this.#threads.ask(thread, { task: 'count', texts });
    this.#overhead = tokens;
    return [...values];
  }

  load(): ModelLoad {
    return this.#meter.load(this.#threads.scheduler);
  }

  close(): Promise<void> {
    return this.#threads.close();
  }
}
