import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Principal } from '../context/request-context.js';
import type { Database } from '../persistence/database.js';
import { newId } from '../persistence/ids.js';
import { generateKey } from './api-key.service.js';
import { DEFAULT_TENANT, hashKey } from './auth.service.js';
import type { PrincipalRepository } from './principal.repository.js';
import { addAdministrator, addTenant } from './tenant.repository.js';

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
  const known = await principals.tenantNamed(DEFAULT_TENANT);
  const tenantId = known ?? newId();
  const principal = await database.tenantOf(tenantId, async (manager) => {
    if (!known) await addTenant(manager, tenantId, DEFAULT_TENANT);
    return addAdministrator(manager, tenantId, key);
  });
  if (!preset) await writeFile(keyFile, `${key}\n`, { mode: 0o600 });
  return { principal, key, keyFile, created: true };
}
