import { Sealer } from './sealer.js';

/** Long enough for one request, and for clocks that differ a little. */
const LIFETIME_MS = 60_000;

/**
 * Shows that a request comes from the installation's operator: who holds the master key. No key of a tenant, and no
 * role in one, stands for it; and the operator needs no secret of their own beside the one that they keep anyway.
 */
export class OperatorToken {
  private readonly sealer: Sealer<{ operator: true }>;

  /** @param masterKey that of the installation */
  constructor(masterKey: Buffer) {
    this.sealer = new Sealer(masterKey, 'midplane/operator', LIFETIME_MS);
  }

  /** @returns a token for the next minute, for `Authorization: Bearer` */
  issue(): string {
    return this.sealer.seal({ operator: true });
  }

  /** @returns whether an `Authorization` header holds a token of this installation's operator */
  accepts(authorization: string | undefined): boolean {
    const token = /^Bearer ([\w.-]{1,1024})$/i.exec(authorization ?? '')?.[1];
    return this.sealer.open(token) !== undefined;
  }
}
