import { hash as hashOf } from 'node:crypto';
import { z } from 'zod';
import { type Principal, ROLES, type Role } from '../context/request-context.js';
import { UserError } from '../errors/errors.js';
import { KeptFresh } from '../resilience/kept-fresh.js';
import type { Logger } from '../telemetry/logger.js';
import type { OidcVerifier } from './oidc-verifier.js';
import type { PrincipalRepository } from './principal.repository.js';

/** The tenant that every installation has: of its first administrator, and of tokens that name none. */
export const DEFAULT_TENANT = 'default';

/** Keys that were found good and are not looked up each time: a revoked one ends at most two seconds later. */
const MOST_KEYS = 10_000;

/** Who asks, and how many requests a minute their key may make (null: the installation's default). */
export interface Authenticated {
  principal: Principal;
  requestsPerMinute: number | null;
}

const names = z.array(z.string().max(200)).max(500).catch([]);

/** Tells who sends a request, from its Authorization header. */
export class AuthService {
  /** By the hash of their key, in base64. */
  private readonly holders: KeptFresh<Authenticated>;

  /**
   * @param oidc verifies tokens of an identity provider; undefined: only API keys are accepted
   * @param defaultTenant name of the tenant of tokens that name none in their `tenant` claim
   */
  constructor(
    private readonly principals: PrincipalRepository,
    private readonly oidc: OidcVerifier | undefined,
    private readonly logger: Logger,
    private readonly defaultTenant = DEFAULT_TENANT,
  ) {
    this.holders = new KeptFresh((id) => this.lookUp(Buffer.from(id, 'base64')), MOST_KEYS);
  }

  /**
   * @param authorization `Bearer <API key or JWT>`
   * @throws UserError UNAUTHENTICATED, always with the same text: it doesn't tell why
   */
  async authenticate(authorization: string | undefined): Promise<Authenticated> {
    const credential = /^Bearer ([^\s]{1,8192})$/i.exec(authorization ?? '')?.[1];
    const who = credential?.startsWith('mp_')
      ? await this.holders.get(hashKey(credential).toString('base64'))
      : credential && this.oidc
        ? await this.byToken(credential, this.oidc)
        : undefined;
    if (!who) throw new UserError('UNAUTHENTICATED');
    return who;
  }

  /** Forgets the keys that were found good, so that a revocation counts at once in this process. */
  forget(): void {
    this.holders.forget();
  }

  private async lookUp(hash: Buffer): Promise<Authenticated | undefined> {
    const holder = await this.principals.holderOfKey(hash);
    if (!holder) return undefined;
    const { requestsPerMinute, ...principal } = holder;
    return { principal, requestsPerMinute };
  }

  private async byToken(token: string, oidc: OidcVerifier): Promise<Authenticated | undefined> {
    const claims = await oidc.verify(token).catch((error: unknown) => {
      this.logger.info({ reason: (error as Error).message }, 'a token was not accepted');
      return undefined;
    });
    if (!claims) return undefined;
    const tenantId = await this.principals.tenantNamed(
      typeof claims.tenant === 'string' ? claims.tenant : this.defaultTenant,
    );
    if (!tenantId) return undefined;
    const roles = names.parse(claims.roles).filter((role): role is Role => ROLES.includes(role as Role));
    const principal = await this.principals.signIn({
      tenantId,
      issuer: oidc.issuer,
      subject: claims.sub,
      name: typeof claims.name === 'string' ? claims.name : claims.sub,
      roles: roles.length > 0 ? roles : ['application'],
      groupNames: names.parse(claims.groups),
    });
    return principal && { principal, requestsPerMinute: null };
  }
}

/** @returns SHA-256 of a key. Keys hold 256 random bits, so a slow hash would add nothing. */
export function hashKey(key: string): Buffer {
  return hashOf('sha256', key, 'buffer');
}
