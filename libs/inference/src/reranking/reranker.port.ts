import type { RerankModel, Urgency } from '@midplane/contracts';
import type { ModelLoad } from '../scheduling/model-load.js';

export interface RerankOptions {
  /** `interactive` texts go before `bulk` ones that wait already. */
  urgency: Urgency;
  /** Takes the texts that have not started out of the queue; the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Scores texts against a question, reading both together. Which one serves: with RERANK_BASE_URL set and no other
 * model asked for, `EndpointReranker`; otherwise `CrossEncoder`, which runs the weights in this process's worker
 * threads.
 */
export interface Reranker {
  describe(): RerankModel;

  /**
   * @param texts any number; what is longer than the model takes together with the query is cut
   * @returns for each text, in their order, how well it answers the query, from 0 to 1
   * @throws UserError MODEL_OVERLOADED where the queue is full, MODEL_UNAVAILABLE where the model can't answer
   */
  rerank(query: string, texts: readonly string[], options: RerankOptions): Promise<number[]>;

  load(): ModelLoad;

  /** Lets what is queued finish, then frees threads and memory. */
  close(): Promise<void>;
}
