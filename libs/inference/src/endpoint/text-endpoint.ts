import { createHash } from 'node:crypto';
import type { Urgency } from '@midplane/contracts';
import { Scheduler } from '../scheduling/scheduler.js';

/** A server that works on texts: embeds, reranks or labels them. */
export interface TextEndpointOptions {
  /** What stands before the path of its protocol. */
  baseUrl: string;
  /** The server's name of the model. */
  model: string;
  apiKey?: string | undefined;
  /** Texts in one request. */
  batchSize: number;
  /** Requests at once. */
  concurrency: number;
  /** Longest wait for one answer, in milliseconds. */
  timeoutMs: number;
}

/** A request also ends where its texts have so many characters: servers limit the size of a body (TEI: 2 MB). */
export const PACKET_CHARACTERS = 400_000;

/** Attempts at one request. Somebody who waits is better served without this model than by a long wait. */
export const ATTEMPTS: Record<Urgency, number> = { interactive: 2, bulk: 4 };

/** @param queueLimit texts of one urgency that may wait. @returns what hands texts to as many requests as may be at once */
export const schedulerOf = (
  { concurrency, model }: Pick<TextEndpointOptions, 'concurrency' | 'model'>,
  queueLimit: number,
): Scheduler<number> =>
  new Scheduler(
    Array.from({ length: concurrency }, (_, slot) => slot),
    queueLimit,
    model,
  );

/**
 * Another server or another model name may mean other values; a key or another password does not.
 * @param url that is asked
 * @param parts what else makes a difference
 */
export function revisionOf(url: string, ...parts: unknown[]): string {
  const { host, pathname } = new URL(url);
  return createHash('sha256')
    .update(JSON.stringify([host, pathname, ...parts]))
    .digest('hex')
    .slice(0, 16);
}
