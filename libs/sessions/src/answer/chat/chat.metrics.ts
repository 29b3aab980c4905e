import { metrics } from '@midplane/kernel';
import { Counter, Histogram } from 'prom-client';

const attempts = new Counter({
  name: 'midplane_chat_attempts_total',
  help: 'Requests to the chat model, by how they ended: ok, left by the reader, or the reason of the failure.',
  labelNames: ['model', 'outcome'],
  registers: [metrics],
});

const firstTokenSeconds = new Histogram({
  name: 'midplane_chat_first_token_seconds',
  help: 'From a request to the chat model to its first token.',
  labelNames: ['model'],
  buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  registers: [metrics],
});

/** Counts one request to the chat model. */
export function countAttempt(model: string, outcome: string): void {
  attempts.inc({ model, outcome });
}

/** Starts the clock of one request. @returns what to call at its first token */
export function timeFirstToken(model: string): () => void {
  const end = firstTokenSeconds.startTimer({ model });
  return () => void end();
}
