import type { EmbeddingModel, TextRole } from '@midplane/contracts';
import { askTwice, Thread, UserError } from '@midplane/kernel';
import type { LocalModel } from '../models/local-model.js';
import { characters, QueueFullError, Scheduler, type Work } from '../scheduling/scheduler.js';
import { LanguageCentres } from './language-centres.js';
import type { Embedded, EmbedOptions, Embedder, EmbedderLoad, TokenCounts } from './embedder.port.js';
import type { TransformerMessage, TransformerResult, TransformerWorkerData } from './transformer.worker.js';

export interface TransformerOptions {
  /** Worker threads, each with the model loaded. */
  workers: number;
  /** Threads that one inference uses. */
  threads: number;
  /** Texts of one urgency that may wait. */
  queueLimit: number;
}

type ModelThread = Thread<TransformerMessage, TransformerResult>;

/** Short texts are handed over together; an interactive one waits for at most about one passage. */
const EMBED_PACKET = { items: 8, weight: 600 };
const COUNT_PACKET = { items: 128, weight: 8000 };

/** Runs one model of a folder in worker threads. Nothing is loaded before the first text. */
export class TransformerEmbedder implements Embedder {
  readonly #model: LocalModel;
  readonly #threads: ModelThread[];
  readonly #scheduler: Scheduler<ModelThread>;
  readonly #centres: LanguageCentres | undefined;
  #texts = 0;
  #tokens = 0;
  #busySeconds = 0;
  #overhead: number | undefined;
  #closing = false;

  constructor(model: LocalModel, options: TransformerOptions) {
    const { folder, dtype, card } = model;
    const data: TransformerWorkerData = { folder, dtype, card, threads: options.threads };
    this.#model = model;
    this.#centres = card.languageCentres && new LanguageCentres(card.languageCentres);
    this.#threads = Array.from(
      { length: options.workers },
      () => new Thread(import.meta.url, 'transformer', data),
    );
    this.#scheduler = new Scheduler(this.#threads, options.queueLimit);
  }

  async describe(): Promise<EmbeddingModel> {
    return this.#model.description;
  }

  embed(role: TextRole, texts: readonly string[], options: EmbedOptions): Promise<Embedded[]> {
    const { card, description } = this.#model;
    const tokenStates = options.tokenStates === true && description.tokenStates;
    return this.#submit({
      items: texts,
      priority: options.urgency,
      signal: options.signal,
      packet: EMBED_PACKET,
      weigh: characters,
      run: async (thread, packet) => {
        const started = performance.now();
        const result = await this.#ask(thread, { task: 'embed', role, texts: packet, tokenStates });
        this.#busySeconds += (performance.now() - started) / 1000;
        this.#texts += packet.length;
        this.#tokens += result.tokens;
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
    const counts = await this.#submit<number>({
      items: asked,
      priority: 'counting',
      signal,
      packet: COUNT_PACKET,
      weigh: characters,
      run: async (thread, packet) => {
        const { values, tokens } = await this.#ask(thread, { task: 'count', texts: packet });
        this.#overhead = tokens;
        return [...values];
      },
    });
    return { counts: counts.slice(0, texts.length), overhead: this.#overhead as number };
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

  async close(): Promise<void> {
    this.#closing = true;
    await this.#scheduler.drained();
    await this.#endThreads();
  }

  async #endThreads(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  async #submit<Result>(work: Work<ModelThread, string, Result>): Promise<Result[]> {
    try {
      return await this.#scheduler.submit(work);
    } catch (error) {
      if (!(error instanceof QueueFullError)) throw error;
      throw new UserError('MODEL_OVERLOADED', { model: this.#model.description.name }, { cause: error });
    } finally {
      // Somebody who held this embedder while it was put away may have woken a thread again.
      if (this.#closing && this.#scheduler.idle) await this.#endThreads();
    }
  }

  async #ask(thread: ModelThread, message: TransformerMessage): Promise<TransformerResult> {
    try {
      return await askTwice(thread, message);
    } catch (error) {
      const reason = (error as Error).message;
      throw new UserError(
        'MODEL_UNAVAILABLE',
        { model: this.#model.description.name, reason },
        { cause: error },
      );
    }
  }
}
