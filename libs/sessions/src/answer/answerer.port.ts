import type { Locale, TokenUsage } from '@midplane/contracts';
import type { CheckResult } from '../citation/check.js';
import type { Judgement } from './extractive/judge.js';
import type { Passage } from './passage.js';

/** A question and its answer earlier in the conversation, oldest first. */
export interface Turn {
  messageId: string;
  /** As it was searched: completed from the turns before it. */
  question: string;
  answer: string;
  abstained: boolean;
  /** Documents whose words the answer may hold. */
  documentIds: string[];
}

/** A part of a question, understandable by itself, with the passages that were found for it. */
export interface AskedPart {
  question: string;
  /** Best first, numbered as in the answer. */
  passages: Passage[];
  /** What their sentences are worth as an answer. */
  judgement: Judgement;
}

export interface AnswerRequest {
  /** As the user wrote it. */
  question: string;
  /** The same, understandable without the conversation. */
  standalone: string;
  /** What it asks, part by part, as questions of their own; one where it asks one thing. The answer covers each. */
  parts: AskedPart[];
  language: Locale;
  /** At least one. */
  passages: Passage[];
  turns: Turn[];
  /** Least probability of an answer with which the built-in answerer answers. */
  threshold: number;
  signal: AbortSignal;
}

/** A sentence of the answer, checked against a passage that it cites. */
export interface CheckedClaim extends CheckResult {
  passage: Passage;
}

/** What is known once the whole text is out. */
export interface AnswerOutcome {
  /** What exactly answered: the same passages and version give the same answer. */
  modelVersion: string;
  abstained: boolean;
  checks: CheckedClaim[];
  usage: TokenUsage;
  /** Documents whose words the text may hold: these, when erased, take the text with them. */
  documentIds: string[];
  /** What else made this answer: parameters, prompt and its version, what was decided. Goes into the manifest. */
  provenance: Record<string, unknown>;
}

/**
 * Makes an answer out of passages. Which one serves: `ChatAnswerer` where the tenant has a default route to a
 * chat model, or where one is asked for by name; otherwise `ExtractiveAnswerer`, which needs no model but the embedder.
 */
export interface Answerer {
  /** The model's name in answers, and what an application asks for. */
  readonly name: string;

  /**
   * Gives the answer's text piece by piece, every citation written [n], and at the end what is known of it.
   * @throws UserError MODEL_UNAVAILABLE where the model fails, also in the middle of the text
   */
  answer(request: AnswerRequest): AsyncGenerator<string, AnswerOutcome>;
}
