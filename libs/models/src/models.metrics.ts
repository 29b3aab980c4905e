import { metrics } from '@midplane/kernel';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { CallRecord } from './ledger/call-record.js';

const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

const callSeconds = new Histogram({
  name: 'midplane_model_call_seconds',
  help: 'Calls of models until their end, by how they ended: ok, cancelled, or the code of the problem.',
  labelNames: ['kind', 'route', 'model', 'outcome', 'cache'],
  buckets: SECONDS,
  registers: [metrics],
});
const firstTokenSeconds = new Histogram({
  name: 'midplane_model_first_token_seconds',
  help: 'From a call to the first token of its answer.',
  labelNames: ['model'],
  buckets: SECONDS,
  registers: [metrics],
});
const overheadSeconds = new Histogram({
  name: 'midplane_model_overhead_seconds',
  help: 'Time of a call that was ours and not the model’s or the reader’s.',
  buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5],
  registers: [metrics],
});
const attempts = new Counter({
  name: 'midplane_model_attempts_total',
  help: 'Requests to models, by how they ended: ok, left by the reader, or the reason of the failure.',
  labelNames: ['model', 'outcome'],
  registers: [metrics],
});
const tokens = new Counter({
  name: 'midplane_model_tokens_total',
  help: 'Tokens of calls that are in the ledger.',
  labelNames: ['model', 'direction'],
  registers: [metrics],
});
const lost = new Counter({
  name: 'midplane_model_ledger_lost_total',
  help: 'Rows of the ledger that were given up because the database was away for too long.',
  registers: [metrics],
});
const inFlight = new Gauge({
  name: 'midplane_model_calls_in_flight',
  help: 'Requests to models that run.',
  labelNames: ['model'],
  registers: [metrics],
});

/** Counts one request to a model in. @returns counts it out, with how it ended */
export function beginAttempt(model: string): (outcome: string) => void {
  inFlight.inc({ model });
  return (outcome) => {
    inFlight.dec({ model });
    attempts.inc({ model, outcome });
  };
}

/** Counts a call that has ended. */
export function countCall(call: CallRecord): void {
  const model = call.model ?? '';
  callSeconds.observe(
    {
      kind: call.kind,
      route: call.route ?? '',
      model,
      outcome: call.outcome.split(' ')[0]!,
      cache: call.cache,
    },
    call.totalMs / 1000,
  );
  if (call.firstTokenMs !== null) firstTokenSeconds.observe({ model }, call.firstTokenMs / 1000);
  overheadSeconds.observe(call.overheadMs / 1000);
  tokens.inc({ model, direction: 'prompt' }, call.promptTokens);
  tokens.inc({ model, direction: 'completion' }, call.completionTokens);
}

/** Counts a row of the ledger that was given up. */
export function countLost(): void {
  lost.inc();
}
