import { randomBytes } from 'node:crypto';
import { IsNull } from 'typeorm';
import { currentContext, ROLES, type Role } from '../context/request-context.js';
import { invalidInput, UserError } from '../errors/errors.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Database } from '../persistence/database.js';
import { newId } from '../persistence/ids.js';
import { authorize } from './abilities.js';
import { ApiKeyEntity } from './api-key.entity.js';
import { type AuthService, hashKey } from './auth.service.js';

export interface CreateApiKey {
  name: string;
  roles: Role[];
  expiresAt?: Date | null;
  requestsPerMinute?: number | null;
}

/** Makes, lists and revokes the API keys of the caller's tenant. Only administrators may. */
export class ApiKeyService {
  constructor(
    private readonly database: Database,
    private readonly auth: AuthService,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Makes a key that acts for the calling user.
   * @returns the key, the only time that it can be seen, and its entry
   * @throws UserError INVALID_INPUT, FORBIDDEN
   */
  async create(input: CreateApiKey): Promise<{ key: string; entry: ApiKeyEntity }> {
    authorize('create', 'ApiKey');
    const name = input.name.trim();
    if (name.length < 1 || name.length > 100) {
      throw invalidInput('name', { en: 'expected 1 to 100 characters', zh: '应为 1 到 100 个字符' });
    }
    if (input.roles.length === 0) {
      const roles = ROLES.join(', ');
      throw invalidInput('roles', {
        en: `expected one or more of ${roles}`,
        zh: `应为以下一项或多项：${roles}`,
      });
    }
    if (input.expiresAt && input.expiresAt <= new Date()) {
      throw invalidInput('expiresAt', { en: 'expected a time to come', zh: '应为将来的时间' });
    }
    if (input.requestsPerMinute != null && input.requestsPerMinute < 1) {
      throw invalidInput('requestsPerMinute', { en: 'expected 1 or more', zh: '不得小于 1' });
    }
    const { principal } = currentContext();
    const key = generateKey();
    const entry = await this.database.tenant(async (manager) => {
      const made = await manager.save(ApiKeyEntity, {
        id: newId(),
        tenantId: principal.tenantId,
        userId: principal.userId,
        name,
        hash: hashKey(key),
        hint: key.slice(-4),
        roles: input.roles,
        requestsPerMinute: input.requestsPerMinute ?? null,
        createdAt: new Date(),
        expiresAt: input.expiresAt ?? null,
        revokedAt: null,
      });
      await this.audit.append(manager, {
        action: 'api-key.create',
        subject: made.id,
        detail: { name, roles: input.roles },
      });
      return made;
    });
    return { key, entry };
  }

  /** @returns the tenant's keys that are not revoked, oldest first */
  async list(): Promise<ApiKeyEntity[]> {
    authorize('read', 'ApiKey');
    return this.database.tenant((manager) =>
      manager.find(ApiKeyEntity, { where: { revokedAt: IsNull() }, order: { id: 'ASC' } }),
    );
  }

  /** @throws UserError API_KEY_NOT_FOUND, FORBIDDEN */
  async revoke(id: string): Promise<ApiKeyEntity> {
    authorize('delete', 'ApiKey');
    const entry = await this.database.tenant(async (manager) => {
      const found = await manager.findOneBy(ApiKeyEntity, { id, revokedAt: IsNull() });
      if (!found) throw new UserError('API_KEY_NOT_FOUND', { id });
      found.revokedAt = new Date();
      await manager.update(ApiKeyEntity, { id }, { revokedAt: found.revokedAt });
      await this.audit.append(manager, { action: 'api-key.revoke', subject: id });
      return found;
    });
    this.auth.forget();
    return entry;
  }
}

/** @returns a new key: `mp_` and 256 random bits */
export function generateKey(): string {
  return `mp_${randomBytes(32).toString('base64url')}`;
}
