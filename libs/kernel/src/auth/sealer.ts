import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/**
 * Signs values that travel, with a key that is derived from the master key for one purpose: what is sealed for another
 * purpose, or by another installation, is not opened.
 */
export class Sealer<T extends object> {
  private readonly key: Buffer;

  /**
   * @param masterKey at least 32 bytes
   * @param purpose what is sealed, such as `midplane/rpc-context`
   * @param lifetimeMs how long after its making a value is accepted; the clocks of two machines may differ by some of it
   */
  constructor(
    masterKey: Buffer,
    purpose: string,
    private readonly lifetimeMs: number,
  ) {
    this.key = Buffer.from(hkdfSync('sha256', masterKey, '', purpose, 32));
  }

  /** @returns text that is fit for a header; everybody can read it */
  seal(value: T): string {
    const body = Buffer.from(JSON.stringify({ ...value, issuedAt: Date.now() })).toString('base64url');
    return `${body}.${this.sign(body)}`;
  }

  /** @returns the value, or undefined where the text is missing, altered or too old */
  open(sealed: string | undefined): T | undefined {
    const [body, signature] = sealed?.split('.') ?? [];
    if (!body || !signature) return undefined;
    const expected = Buffer.from(this.sign(body));
    const given = Buffer.from(signature);
    if (expected.length !== given.length || !timingSafeEqual(expected, given)) return undefined;
    const { issuedAt, ...value } = JSON.parse(Buffer.from(body, 'base64url').toString()) as T & {
      issuedAt: number;
    };
    return Math.abs(Date.now() - issuedAt) <= this.lifetimeMs ? (value as unknown as T) : undefined;
  }

  private sign(body: string): string {
    return createHmac('sha256', this.key).update(body).digest('base64url');
  }
}
