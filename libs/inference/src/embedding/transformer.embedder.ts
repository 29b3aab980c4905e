import type { EmbeddingModel, TextRole } from '@midplane/contracts';
import type { LocalEmbedder } from '../models/local-model.js';
import { LoadMeter, type ModelLoad } from '../scheduling/model-load.js';
import { ModelThreads, type ThreadsOptions } from '../scheduling/model-threads.js';
import { characters } from '../scheduling/scheduler.js';
import { LanguageCentres } from './language-centres.js';
import type { Embedded, EmbedOptions, Embedder, TokenCounts } from './embedder.port.js';
import type { TransformerMessage, TransformerResult, TransformerWorkerData } from './transformer.worker.js';

/** Short texts are handed over together; an interactive one waits for at most about one passage. */
const EMBED_PACKET = { items: 8, weight: 600 };
const COUNT_PACKET = { items: 128, weight: 8000 };

/** Runs one model of a folder in worker threads. Nothing is loaded before the first text. */
export class TransformerEmbedder implements Embedder {
  readonly #model: LocalEmbedder;
  readonly #threads: ModelThreads<TransformerMessage, TransformerResult>;
  readonly #centres: LanguageCentres | undefined;
  readonly #meter = new LoadMeter();
  #overhead: number | undefined;

  constructor(model: LocalEmbedder, options: ThreadsOptions) {
    const { folder, dtype, card, description } = model;
    const data: TransformerWorkerData = { folder, dtype, card, threads: options.threads };
    this.#model = model;
    this.#centres = card.languageCentres && new LanguageCentres(card.languageCentres);
    this.#threads = new ModelThreads(description.name, import.meta.url, 'transformer', data, options);
  }

  async describe(): Promise<EmbeddingModel> {
    return this.#model.description;
  }

  embed(role: TextRole, texts: readonly string[], options: EmbedOptions): Promise<Embedded[]> {
    const { card, description } = this.#model;
    const tokenStates = options.tokenStates === true && description.tokenStates;
    return this.#threads.submit({
      items: texts,
      priority: options.urgency,
      signal: options.signal,
      packet: EMBED_PACKET,
      weigh: characters,
      run: async (thread, packet) => {
        const result = await this.#meter.count(
          packet.length,
          this.#threads.ask(thread, { task: 'embed', role, texts: packet, tokenStates }),
        );
        const { dimension } = card;
        const centres = options.centred === false ? undefined : this.#centres;
        return packet.map((text, i) => {
          const plain = result.values.slice(i * dimension, (i + 1) * dimension);
          const vector = centres ? centres.move(plain, text) : plain;
          const states = result.tokenStates?.[i];
          return states === undefined ? { vector } : { vector, tokenStates: states };
        });
      },
    });
  }

  async countTokens(texts: readonly string[], signal?: AbortSignal): Promise<TokenCounts> {
    // One empty text where only the overhead is wanted and not known yet.
    const asked = texts.length === 0 && this.#overhead === undefined ? [''] : texts;
    const counts = await this.#threads.submit<string, number>({
      items: asked,
      priority: 'counting',
      signal,
      packet: COUNT_PACKET,
      weigh: characters,
      run: async (thread, packet) => {
        const { values, tokens } = await this.#threads.ask(thread, { task: 'count', texts: packet });
        this.#overhead = tokens;
        return [...values];
      },
    });
    return { counts: counts.slice(0, texts.length), overhead: this.#overhead as number };
  }

  load(): ModelLoad {
    return this.#meter.load(this.#threads.scheduler);
  }

  close(): Promise<void> {
    return this.#threads.close();
  }
}
