import { hash as hashOf } from 'node:crypto';
import { z } from 'zod';
import { aside } from '../context/aside.js';
import { type Principal, ROLES, type Role } from '../context/request-context.js';
import { UserError } from '../errors/errors.js';
import type { Logger } from '../telemetry/logger.js';
import type { OidcVerifier } from './oidc-verifier.js';
import type { PrincipalRepository } from './principal.repository.js';

/** The tenant that every installation has: of its first administrator, and of tokens that name none. */
export const DEFAULT_TENANT = 'default';

/** How long a key that was found good is not looked up again, in ms: a revoked one ends at most this much later. */
const KEY_CACHE_MS = 2_000;
const KEY_CACHE_SIZE = 10_000;
/** From this age on it is looked up again while it still counts, so that nobody waits for that. */
const KEY_RENEW_MS = 1_000;

/** Who asks, and how many requests a minute their key may make (null: the installation's default). */
export interface Authenticated {
  principal: Principal;
  requestsPerMinute: number | null;
}

/** A key that was found good, as of the moment when it was asked for. */
interface Known {
  since: number;
  renewing: boolean;
  who: Authenticated;
}

const names = z.array(z.string().max(200)).max(500).catch([]);

/** Tells who sends a request, from its Authorization header. */
export class AuthService {
  private readonly known = new Map<string, Known>();
  private readonly lookingUp = new Map<string, Promise<Authenticated | undefined>>();

  /**
   * @param oidc verifies tokens of an identity provider; undefined: only API keys are accepted
   * @param defaultTenant name of the tenant of tokens that name none in their `tenant` claim
   */
  constructor(
    private readonly principals: PrincipalRepository,
    private readonly oidc: OidcVerifier | undefined,
    private readonly logger: Logger,
    private readonly defaultTenant = DEFAULT_TENANT,
  ) {}

  /**
   * @param authorization `Bearer <API key or JWT>`
   * @throws UserError UNAUTHENTICATED, always with the same text: it doesn't tell why
   */
  async authenticate(authorization: string | undefined): Promise<Authenticated> {
    const credential = /^Bearer ([^\s]{1,8192})$/i.exec(authorization ?? '')?.[1];
    const who = credential?.startsWith('mp_')
      ? await this.byKey(credential)
      : credential && this.oidc
        ? await this.byToken(credential, this.oidc)
        : undefined;
    if (!who) throw new UserError('UNAUTHENTICATED');
    return who;
  }

  /** Forgets the keys that were found good, so that a revocation counts at once in this process. */
  forget(): void {
    this.known.clear();
    this.lookingUp.clear();
  }

  private async byKey(key: string): Promise<Authenticated | undefined> {
    const hash = hashKey(key);
    const id = hash.toString('base64');
    const known = this.known.get(id);
    const age = known ? performance.now() - known.since : Infinity;
    if (!known || age > KEY_CACHE_MS) return this.lookUp(id, hash);
    if (age > KEY_RENEW_MS && !known.renewing) {
      known.renewing = true;
      // Where the database is away, whoever finds the key too old is told.
      aside(() => void this.lookUp(id, hash).catch(() => (known.renewing = false)));
    }
    return known.who;
  }

  /** Looks a key up, once for all who wait for the same one. */
  private lookUp(id: string, hash: Buffer): Promise<Authenticated | undefined> {
    const running = this.lookingUp.get(id);
    if (running) return running;
    const since = performance.now();
    const looking = this.principals
      .holderOfKey(hash)
      .then((holder) => {
        // What was forgotten meanwhile may be revoked: this answer is not kept.
        const current = this.lookingUp.get(id) === looking;
        if (!holder) {
          if (current) this.known.delete(id);
          return undefined;
        }
        const { requestsPerMinute, ...principal } = holder;
        const who = { principal, requestsPerMinute };
        if (current) {
          if (this.known.size >= KEY_CACHE_SIZE) this.known.clear();
          this.known.set(id, { since, renewing: false, who });
        }
        return who;
      })
      .finally(() => {
        if (this.lookingUp.get(id) === looking) this.lookingUp.delete(id);
      });
    this.lookingUp.set(id, looking);
    return looking;
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
