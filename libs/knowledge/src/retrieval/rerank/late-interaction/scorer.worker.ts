/** Compares the tokens of questions with those of passages, off the event loop. */
import { parentPort } from 'node:worker_threads';
import type { ThreadReply, ThreadRequest } from '@midplane/kernel';
import { compareTokens } from './compare-tokens.js';
import { type Meeting, meetingOf } from './matches.js';

/** A question and the passages that it is compared with. */
export interface ScorerMessage {
  /** Values of the question's states, one token after the other. */
  question: Float32Array;
  /** What each token of the question counts. */
  weights: Float32Array;
  dimension: number;
  /** States of the passages, packed, one behind the other, in memory that is shared. */
  packed: Uint8Array;
  /** Bytes of each. */
  lengths: readonly number[];
}

/** For each passage. */
export type ScorerResult = Meeting[];

parentPort?.on('message', ({ id, message }: ThreadRequest<ScorerMessage>) => {
  let reply: ThreadReply<ScorerResult>;
  try {
    reply = { id, result: score(message) };
  } catch (error) {
    reply = { id, error: error instanceof Error ? error.message : String(error) };
  }
  const transfer = 'result' in reply ? reply.result.map(({ cosines }) => cosines.buffer) : [];
  parentPort?.postMessage(reply, transfer);
});

function score({ question, weights, dimension, packed, lengths }: ScorerMessage): ScorerResult {
  let end = 0;
  const passages = lengths.map((length) => packed.subarray(end, (end += length)));
  return compareTokens(question, dimension, passages).map((similarities) => meetingOf(similarities, weights));
}
