import type { Scheduler } from './scheduler.js';

/** How busy a model is. */
export interface ModelLoad {
  /** Texts that wait, by urgency; texts to be counted wait between the two. */
  queued: { interactive: number; counting: number; bulk: number };
  /** Texts being worked on. */
  inFlight: number;
  /** Texts embedded, scored or labelled since the start; pictures and stretches of sound that were read. */
  texts: number;
  /** Runs of the model (requests, to an endpoint) that they took: texts / batches is the size of a batch. */
  batches: number;
  /**
   * Their tokens, as the model takes them: with prefixes, special tokens and, where texts are scored, the question.
   * Those that it wrote, where it wrote down speech.
   */
  tokens: number;
  /** Seconds that a worker or a connection was busy with them: tokens / seconds is the rate. */
  busySeconds: number;
}

/** Counts what a model does. */
export class LoadMeter {
  #texts = 0;
  #batches = 0;
  #tokens = 0;
  #busySeconds = 0;

  /**
   * Counts work that succeeds.
   * @param texts how many it is about
   */
  async count<T extends { tokens: number; batches?: number }>(texts: number, work: Promise<T>): Promise<T> {
    const started = performance.now();
    const done = await work;
    this.#busySeconds += (performance.now() - started) / 1000;
    this.#texts += texts;
    this.#batches += done.batches ?? 1;
    this.#tokens += done.tokens;
    return done;
  }

  /** @param scheduler the model's own */
  load({ queued, inFlight }: Pick<Scheduler<never>, 'queued' | 'inFlight'>): ModelLoad {
    return {
      queued,
      inFlight,
      texts: this.#texts,
      batches: this.#batches,
      tokens: this.#tokens,
      busySeconds: this.#busySeconds,
    };
  }
}
