import type { EmbeddingModel, TextRole, Urgency } from '@midplane/contracts';

export interface EmbedOptions {
  /** `interactive` texts go before `bulk` ones that wait already. */
  urgency: Urgency;
  /** Takes the texts that have not started out of the queue; the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** False: vectors as the model gives them, where its card has centres of languages. Default true. */
  centred?: boolean | undefined;
  /** Whether to give the states of the tokens too, where the model has them. Default false. */
  tokenStates?: boolean | undefined;
}

/** A text as a model sees it. */
export interface Embedded {
  /** Of length 1. */
  vector: Float32Array;
  /** The states of its tokens, as the contract encodes them. */
  tokenStates?: string;
}

export interface TokenCounts {
  /** Tokens of each text, without prefix and special tokens. */
  counts: number[];
  /** What the longer of the two prefixes and the special tokens add to a text. */
  overhead: number;
}

/** How busy an embedder is. */
export interface EmbedderLoad {
  /** Texts that wait, by urgency; texts to be counted wait between the two. */
  queued: { interactive: number; counting: number; bulk: number };
  /** Texts being worked on. */
  inFlight: number;
  /** Texts embedded since the start. */
  texts: number;
  /** Tokens embedded since the start, prefixes and special tokens included. */
  tokens: number;
  /** Seconds that a worker or a connection was busy embedding: tokens / seconds is the rate. */
  busySeconds: number;
}

/**
 * Turns texts into vectors. Which one serves: with EMBEDDING_BASE_URL set and no other model asked for,
 * `EndpointEmbedder`; otherwise `TransformerEmbedder`, which runs the weights in this process's worker threads.
 */
export interface Embedder {
  /** What it is; an endpoint is asked once for its dimension. */
  describe(signal?: AbortSignal): Promise<EmbeddingModel>;

  /**
   * @param texts as they are, without prefix; what is longer than the model takes is cut
   * @returns what each text became, in the same order; it does not depend on the other texts
   * @throws UserError MODEL_OVERLOADED where the queue is full, MODEL_UNAVAILABLE where the model can't answer
   */
  embed(role: TextRole, texts: readonly string[], options: EmbedOptions): Promise<Embedded[]>;

  /** @throws as {@link embed} */
  countTokens(texts: readonly string[], signal?: AbortSignal): Promise<TokenCounts>;

  load(): EmbedderLoad;

  /** Lets what is queued finish, then frees threads and memory. */
  close(): Promise<void>;
}
