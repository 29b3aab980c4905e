import type { ClassifyModel, LabelScore, Urgency } from '@midplane/contracts';
import type { ModelLoad } from '../scheduling/model-load.js';

export interface ClassifyOptions {
  /** `interactive` texts go before `bulk` ones that wait already. */
  urgency: Urgency;
  /** Takes the texts that have not started out of the queue; the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Gives texts labels. Which one serves: with CLASSIFY_BASE_URL set and no other model asked for,
 * `EndpointClassifier`; otherwise `TextClassifier`, which runs the weights in this process's worker threads.
 */
export interface Classifier {
  describe(): ClassifyModel;

  /**
   * @param texts any number; what is longer than the model takes is cut
   * @returns for each text, in their order, all labels, the surest first
   * @throws UserError MODEL_OVERLOADED where the queue is full, MODEL_UNAVAILABLE where the model can't answer
   */
  classify(texts: readonly string[], options: ClassifyOptions): Promise<LabelScore[][]>;

  load(): ModelLoad;

  /** Lets what is queued finish, then frees threads and memory. */
  close(): Promise<void>;
}
