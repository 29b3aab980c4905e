/** Compares the tokens of questions with those of passages, off the event loop. */
import { parentPort } from 'node:worker_threads';
import type { ThreadReply, ThreadRequest } from '@midplane/kernel';
import { type BestMatches, bestMatches, QuestionTables, type Similarities } from './question-tables.js';

/** A question and the passages that it is compared with. */
export interface ScorerMessage {
  /** Values of the question's states, one token after the other. */
  question: Float32Array;
  dimension: number;
  /** States of each passage, packed. */
  passages: readonly Uint8Array[];
}

/** How the question's tokens meet those of each passage. */
export type ScorerResult = (Similarities & { best: BestMatches })[];

parentPort?.on('message', ({ id, message }: ThreadRequest<ScorerMessage>) => {
  let reply: ThreadReply<ScorerResult>;
  try {
    reply = { id, result: score(message) };
  } catch (error) {
    reply = { id, error: error instanceof Error ? error.message : String(error) };
  }
  const transfer = 'result' in reply ? reply.result.map(({ values }) => values.buffer as ArrayBuffer) : [];
  parentPort?.postMessage(reply, transfer);
});

function score({ question, dimension, passages }: ScorerMessage): ScorerResult {
  const tables = new QuestionTables({ values: question }, dimension);
  return passages.map((packed) => {
    const similarities = tables.similarities(packed);
    return { ...similarities, best: bestMatches(similarities, tables.tokens) };
  });
}
