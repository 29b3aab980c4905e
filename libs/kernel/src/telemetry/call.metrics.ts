import { Histogram } from 'prom-client';
import { UserError } from '../errors/errors.js';
import { registry } from './metrics.js';
import { span } from './tracing.js';

const callSeconds = new Histogram({
  name: 'midplane_call_seconds',
  help: 'Calls between services, near and far, until the answer or the beginning of its stream.',
  labelNames: ['service', 'call', 'outcome'],
  buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
  registers: [registry],
});

/** Measures one call between services, as a metric and as a span. */
export async function observeCall<T>(service: string, call: string, work: () => Promise<T>): Promise<T> {
  const end = callSeconds.startTimer({ service, call });
  try {
    const result = await span(`${service}.${call}`, { 'rpc.service': service, 'rpc.method': call }, work);
    end({ outcome: 'ok' });
    return result;
  } catch (error) {
    end({ outcome: outcomeOf(error) });
    throw error;
  }
}

/** @returns the code of an expected failure, or 'FAULT' */
export function outcomeOf(error: unknown): string {
  return error instanceof UserError ? error.code : 'FAULT';
}
