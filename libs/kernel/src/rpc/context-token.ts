import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { RequestContext } from '../context/request-context.js';

/** How long after its making a token is accepted, in ms: the clocks of two machines may differ by some of it. */
const LIFETIME_MS = 300_000;

type Carried = Omit<RequestContext, 'signal'> & { issuedAt: number };

/** Signs request contexts that travel between services, so that nobody else can speak for a tenant. */
export class ContextToken {
  private readonly key: Buffer;

  /** @param masterKey at least 32 bytes; the same in every process */
  constructor(masterKey: Buffer) {
    this.key = Buffer.from(hkdfSync('sha256', masterKey, '', 'midplane/rpc-context', 32));
  }

  /** @returns a header value that {@link open} of a process with the same key accepts */
  seal({ principal, traceId, locale, deadline }: RequestContext): string {
    const carried: Carried = { principal, traceId, locale, deadline, issuedAt: Date.now() };
    const body = Buffer.from(JSON.stringify(carried)).toString('base64url');
    return `${body}.${this.sign(body)}`;
  }

  /** @returns the context, or undefined for a token that is missing, altered or too old */
  open(token: string | undefined): Omit<RequestContext, 'signal'> | undefined {
    const [body, signature] = token?.split('.') ?? [];
    if (!body || !signature) return undefined;
    const expected = Buffer.from(this.sign(body));
    const given = Buffer.from(signature);
    if (expected.length !== given.length || !timingSafeEqual(expected, given)) return undefined;
    const { issuedAt, ...context } = JSON.parse(Buffer.from(body, 'base64url').toString()) as Carried;
    return Math.abs(Date.now() - issuedAt) <= LIFETIME_MS ? context : undefined;
  }

  private sign(body: string): string {
    return createHmac('sha256', this.key).update(body).digest('base64url');
  }
}
