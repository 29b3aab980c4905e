import { Sealer } from '../auth/sealer.js';
import type { RequestContext } from '../context/request-context.js';

const LIFETIME_MS = 300_000;

type Carried = Omit<RequestContext, 'signal'>;

/** Signs request contexts that travel between services, so that nobody else can speak for a tenant. */
export class ContextToken {
  private readonly sealer: Sealer<Carried>;

  /** @param masterKey at least 32 bytes; the same in every process */
  constructor(masterKey: Buffer) {
    this.sealer = new Sealer(masterKey, 'midplane/rpc-context', LIFETIME_MS);
  }

  /** @returns a header value that {@link open} of a process with the same key accepts */
  seal({ principal, traceId, locale, deadline }: RequestContext): string {
    return this.sealer.seal({ principal, traceId, locale, deadline });
  }

  /** @returns the context, or undefined for a token that is missing, altered or too old */
  open(token: string | undefined): Carried | undefined {
    return this.sealer.open(token);
  }
}
