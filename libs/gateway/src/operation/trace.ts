import { randomIdBytes } from '@midplane/kernel';

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;
const NOTHING = '0'.repeat(32);

/** @returns 32 hex digits: the trace that a W3C `traceparent` header names, or a new one */
export function traceIdOf(traceparent: string | string[] | undefined): string {
  const named = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.[1] : undefined;
  return named && named !== NOTHING ? named : newTraceId();
}

export function newTraceId(): string {
  return randomIdBytes().toString('hex');
}
