import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Principal } from '../context/request-context.js';
import type { Database } from '../persistence/database.js';
import { newId } from '../persistence/ids.js';
import { generateKey } from './api-key.service.js';
import { hashKey } from './auth.service.js';
import type { PrincipalRepository } from './principal.repository.js';

export interface Provisioned {
  principal: Principal;
  /** The administrator's key. */
  key: string;
  /** Where it is kept. */
  keyFile: string;
  /** Whether this start made it: only then is it printed. */
  created: boolean;
}

/**
 * Sees to it that the tenant `default` has an administrator whose key is in `<home>/admin.key` (mode 0600).
 * @param preset the key to use, from MIDPLANE_ADMIN_KEY
 */
export async function provisionAdministrator(
  principals: PrincipalRepository,
  database: Database,
  home: string,
  preset: string | undefined,
): Promise<Provisioned> {
  const keyFile = join(home, 'admin.key');
  const kept =
    preset ??
    (await readFile(keyFile, 'utf8').then(
      (text) => text.trim(),
      () => undefined,
    ));
  const holder = kept ? await principals.holderOfKey(hashKey(kept)) : undefined;
  if (kept && holder) {
    const { requestsPerMinute: _, ...principal } = holder;
    return { principal, key: kept, keyFile, created: false };
  }

  const key = kept ?? generateKey();
  const tenantId = (await principals.tenantNamed('default')) ?? (await principals.createTenant('default'));
  const userId = newId();
  const apiKeyId = newId();
  await database.tenantOf(tenantId, async (manager) => {
    await manager.query(
      `insert into app_user (id, tenant_id, name, roles) values ($1, $2, 'Administrator', '{administrator}')`,
      [userId, tenantId],
    );
    await manager.query(
      `insert into api_key (id, tenant_id, user_id, name, hash, hint, roles) values ($1, $2, $3, 'Administrator', $4, $5, '{administrator}')`,
      [apiKeyId, tenantId, userId, hashKey(key), key.slice(-4)],
    );
  });
  if (!preset) await writeFile(keyFile, `${key}\n`, { mode: 0o600 });
  return {
    principal: { tenantId, userId, groupIds: [], roles: ['administrator'], apiKeyId },
    key,
    keyFile,
    created: true,
  };
}
