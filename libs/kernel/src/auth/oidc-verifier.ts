import { createRemoteJWKSet, jwtVerify, type JWTPayload } from 'jose';

/** Signature algorithms accepted: public-key ones only, so that a public key can't be used as a shared secret. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** Verifies tokens of the company's identity provider; its keys are fetched by discovery and kept by `jose`. */
export class OidcVerifier {
  private keys?: ReturnType<typeof createRemoteJWKSet>;

  constructor(
    readonly issuer: string,
    private readonly audience: string | undefined,
  ) {}

  /** @returns the token's claims. @throws Error for a token that is not theirs, not for us, or out of date */
  async verify(token: string): Promise<JWTPayload & { sub: string }> {
    this.keys ??= await this.discover();
    const { payload } = await jwtVerify(token, this.keys, {
      issuer: this.issuer,
      audience: this.audience,
      algorithms: ALGORITHMS,
      clockTolerance: 30,
      requiredClaims: ['sub', 'exp'],
    });
    return payload as JWTPayload & { sub: string };
  }

  private async discover() {
    const base = this.issuer.replace(/\/$/, '');
    const response = await fetch(`${base}/.well-known/openid-configuration`, {
      signal: AbortSignal.timeout(5000),
    });
    if (!response.ok) throw new Error(`The identity provider's discovery answered ${response.status}.`);
    const { issuer, jwks_uri } = (await response.json()) as { issuer?: string; jwks_uri?: string };
    if (issuer !== this.issuer || !jwks_uri)
      throw new Error("The identity provider's discovery names another issuer.");
    return createRemoteJWKSet(new URL(jwks_uri), { timeoutDuration: 5000 });
  }
}
