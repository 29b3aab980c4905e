import { randomFillSync } from 'node:crypto';

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;
const NOTHING = '0'.repeat(32);

/** @returns 32 hex digits: the trace that a W3C `traceparent` header names, or a new one */
export function traceIdOf(traceparent: string | string[] | undefined): string {
  const named = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.[1] : undefined;
  return named && named !== NOTHING ? named : newTraceId();
}

/** Randomness is asked of the system for many ids at once. */
const ID_BYTES = 16;
const pool = Buffer.alloc(ID_BYTES * 256);
let used = pool.length;

export function newTraceId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += ID_BYTES;
  return pool.toString('hex', used - ID_BYTES, used);
}
