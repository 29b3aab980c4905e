import { randomUUID } from 'node:crypto';
import {
  generateKey,
  hashKey,
  newId,
  runInContext,
  type Database,
  type Principal,
  type RequestContext,
  type Role,
} from '@midplane/kernel';

/** Makes a tenant with a name of its own. @returns its id */
export async function createTenant(database: Database, name = `tenant ${randomUUID()}`): Promise<string> {
  const id = newId();
  await database.tenantOf(id, (manager) =>
    manager.query('insert into tenant (id, name) values ($1, $2)', [id, name]),
  );
  return id;
}

/** Who a test acts as. */
export interface PrincipalOptions {
  /** Default: a new tenant. */
  tenantId?: string;
  /** Default: administrator. */
  roles?: Role[];
  /** Names of the user's groups; made where the tenant has none of the name. */
  groups?: string[];
}

/** Makes a user, and its tenant where none is given. */
export async function createPrincipal(
  database: Database,
  options: PrincipalOptions = {},
): Promise<Principal> {
  const tenantId = options.tenantId ?? (await createTenant(database));
  const roles = options.roles ?? ['administrator'];
  const userId = newId();
  const groupIds = await database.tenantOf(tenantId, async (manager) => {
    await manager.query('insert into app_user (id, tenant_id, name, roles) values ($1, $2, $3, $4)', [
      userId,
      tenantId,
      `user ${userId}`,
      roles,
    ]);
    const ids: string[] = [];
    for (const name of options.groups ?? []) {
      const [group] = await manager.query<{ id: string }[]>(
        `insert into user_group (tenant_id, name) values ($1, $2)
         on conflict (tenant_id, name) do update set name = excluded.name returning id`,
        [tenantId, name],
      );
      await manager.query('insert into group_member (tenant_id, group_id, user_id) values ($1, $2, $3)', [
        tenantId,
        group!.id,
        userId,
      ]);
      ids.push(group!.id);
    }
    return ids;
  });
  return { tenantId, userId, groupIds, roles };
}

/** What an API key is made with. */
export interface KeyOptions {
  /** Default: those of the principal. */
  roles?: Role[];
  expiresAt?: Date;
  requestsPerMinute?: number;
}

/** Makes an API key that acts for a user. @returns the key as it is sent in `Authorization: Bearer` */
export async function createKey(
  database: Database,
  principal: Principal,
  options: KeyOptions = {},
): Promise<string> {
  const key = generateKey();
  await database.tenantOf(principal.tenantId, (manager) =>
    manager.query(
      `insert into api_key (id, tenant_id, user_id, name, hash, hint, roles, expires_at, requests_per_minute)
       values ($1, $2, $3, 'test', $4, $5, $6, $7, $8)`,
      [
        newId(),
        principal.tenantId,
        principal.userId,
        hashKey(key),
        key.slice(-4),
        options.roles ?? principal.roles,
        options.expiresAt ?? null,
        options.requestsPerMinute ?? null,
      ],
    ),
  );
  return key;
}

/** Makes the context of a call of this principal: in English, without a deadline, never cancelled, unless said. */
export function contextOf(
  principal: Principal,
  options: Partial<Omit<RequestContext, 'principal'>> = {},
): RequestContext {
  return {
    principal,
    traceId: randomUUID().replaceAll('-', ''),
    locale: 'en',
    signal: new AbortController().signal,
    ...options,
  };
}

/** Runs `work` as a call of this principal. */
export function asPrincipal<T>(principal: Principal, work: () => T): T {
  return runInContext(contextOf(principal), work);
}
