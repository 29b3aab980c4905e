import { AsyncLocalStorage } from 'node:async_hooks';
import type { Locale } from '@midplane/contracts';

export const ROLES = [
  'administrator',
  'knowledge-admin',
  'tool-developer',
  'application',
  'auditor',
] as const;
export type Role = (typeof ROLES)[number];

/** Who asks. */
export interface Principal {
  tenantId: string;
  userId: string;
  /** Groups of the user; a document may be readable by any of them. */
  groupIds: string[];
  roles: Role[];
  /** The API key used, if one was: rate limits and usage are counted on it. */
  apiKeyId?: string;
}

/** What every call carries: who asks, on whose trace, until when, in which language, and how to cancel it. */
export interface RequestContext {
  principal: Principal;
  traceId: string;
  locale: Locale;
  /** Epoch milliseconds after which nobody waits for the result; undefined: no limit (background work). */
  deadline?: number;
  /** Aborts when the caller goes away or the deadline passes. */
  signal: AbortSignal;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs `work` under a context; everything it awaits sees that context. */
export function runInContext<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}

/** @returns the context of the running call. @throws Error outside of any: a missing context is a bug, not a guest. */
export function currentContext(): RequestContext {
  const context = storage.getStore();
  if (!context) throw new Error('No request context: this code runs outside of runInContext.');
  return context;
}

/** @returns the context of the running call, or undefined outside of any (logs and spans use this one). */
export function contextIfAny(): RequestContext | undefined {
  return storage.getStore();
}

/**
 * A generator's body runs in the context of whoever calls `next`. This binds it to the given context instead, for
 * streams that another library pulls (GraphQL subscriptions, server-sent events).
 */
export function iterateInContext<T>(
  context: RequestContext,
  make: () => AsyncIterable<T>,
): AsyncGenerator<T, void> {
  const iterator = storage.run(context, () => make()[Symbol.asyncIterator]());
  const bound: AsyncGenerator<T, void> = {
    next: () => storage.run(context, () => iterator.next() as Promise<IteratorResult<T, void>>),
    return: () =>
      storage.run(context, async () => {
        await iterator.return?.();
        return { done: true as const, value: undefined };
      }),
    throw: (error: unknown) =>
      storage.run(context, async () => {
        await iterator.return?.();
        throw error;
      }),
    [Symbol.asyncIterator]: () => bound,
    [Symbol.asyncDispose]: async () => {
      await bound.return(undefined);
    },
  };
  return bound;
}

/** The ids under which a principal may be named as a reader of a document: the user and every group of theirs. */
export function readerIds(principal: Principal): string[] {
  return [principal.userId, ...principal.groupIds];
}
