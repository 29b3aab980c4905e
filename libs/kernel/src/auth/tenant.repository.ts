import type { EntityManager } from 'typeorm';
import type { Principal } from '../context/request-context.js';
import { newId } from '../persistence/ids.js';
import { hashKey } from './auth.service.js';

/** Adds a tenant, in a transaction of its own id. @returns when it was made; undefined where the name is taken */
export async function addTenant(manager: EntityManager, id: string, name: string): Promise<Date | undefined> {
  const rows = await manager.query<{ created_at: Date }[]>(
    'insert into tenant (id, name) values ($1, $2) on conflict (name) do nothing returning created_at',
    [id, name],
  );
  return rows[0]?.created_at;
}

/** Adds an administrator to the tenant of the transaction, with this key. */
export async function addAdministrator(
  manager: EntityManager,
  tenantId: string,
  key: string,
): Promise<Principal> {
  const userId = newId();
  const apiKeyId = newId();
  await manager.query(
    `insert into app_user (id, tenant_id, name, roles) values ($1, $2, 'Administrator', '{administrator}')`,
    [userId, tenantId],
  );
  await manager.query(
    `insert into api_key (id, tenant_id, user_id, name, hash, hint, roles) values ($1, $2, $3, 'Administrator', $4, $5, '{administrator}')`,
    [apiKeyId, tenantId, userId, hashKey(key), key.slice(-4)],
  );
  return { tenantId, userId, groupIds: [], roles: ['administrator'], apiKeyId };
}
