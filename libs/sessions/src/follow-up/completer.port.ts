import type { Locale } from '@midplane/contracts';
import type { Turn } from '../answer/answerer.port.js';

/** A question that can be understood without its conversation. */
export interface StandaloneQuestion {
  text: string;
  /** `asked`: it could be understood already. */
  by: 'asked' | 'rules' | 'model';
  /** Documents whose words may have come in with an earlier answer. */
  documentIds: string[];
}

/**
 * Completes a follow-up from the conversation. Which one serves: `ModelCompleter` where a chat model is
 * configured, which falls back to `RuleCompleter` where the model fails; otherwise `RuleCompleter`.
 */
export interface QuestionCompleter {
  /** @param turns oldest first; without any the question is returned as it is */
  complete(
    question: string,
    turns: readonly Turn[],
    language: Locale,
    signal: AbortSignal,
  ): Promise<StandaloneQuestion>;
}
