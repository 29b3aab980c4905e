import type { EntityManager } from 'typeorm';
import type { Principal, Role } from '../context/request-context.js';
import type { Database } from '../persistence/database.js';

interface KeyRow {
  tenant_id: string;
  user_id: string;
  roles: Role[];
  api_key_id: string;
  requests_per_minute: number | null;
  group_ids: string[];
}

/** A user as an identity provider names them. */
export interface ExternalUser {
  tenantId: string;
  issuer: string;
  subject: string;
  name: string;
  roles: Role[];
  groupNames: string[];
}

/** Finds out who asks. Reads across tenants under the authenticator's role, which can read nothing else. */
export class PrincipalRepository {
  constructor(private readonly database: Database) {}

  /** @returns who holds a key, or undefined where it is unknown, revoked, expired, or its user is disabled */
  async holderOfKey(hash: Buffer): Promise<(Principal & { requestsPerMinute: number | null }) | undefined> {
    const rows = await this.database.as('midplane_authenticator', (manager) =>
      manager.query<KeyRow[]>(
        `select k.tenant_id, k.user_id, k.roles, k.id as api_key_id, k.requests_per_minute,
                array(select m.group_id::text from group_member m where m.user_id = k.user_id) as group_ids
         from api_key k join app_user u on u.id = k.user_id
         where k.hash = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
           and u.disabled_at is null`,
        [hash],
      ),
    );
    const row = rows[0];
    return (
      row && {
        tenantId: row.tenant_id,
        userId: row.user_id,
        groupIds: row.group_ids,
        roles: row.roles,
        apiKeyId: row.api_key_id,
        requestsPerMinute: row.requests_per_minute,
      }
    );
  }

  /** @returns the id of the tenant of this name, or undefined */
  async tenantNamed(name: string): Promise<string | undefined> {
    const rows = await this.database.as('midplane_authenticator', (manager) =>
      manager.query<{ id: string }[]>('select id from tenant where name = $1', [name]),
    );
    return rows[0]?.id;
  }

  /**
   * Brings a user of an identity provider up to what their token says; groups are made where they are new.
   * @returns the principal, or undefined where an administrator has disabled the user
   */
  async signIn(user: ExternalUser): Promise<Principal | undefined> {
    return this.database.tenantOf(user.tenantId, async (manager) => {
      const rows = await manager.query<{ id: string; disabled_at: Date | null }[]>(
        `insert into app_user (tenant_id, name, roles, issuer, subject) values ($1, $2, $3, $4, $5)
         on conflict (tenant_id, issuer, subject) do update set name = excluded.name, roles = excluded.roles
         returning id, disabled_at`,
        [user.tenantId, user.name, user.roles, user.issuer, user.subject],
      );
      const row = rows[0]!;
      if (row.disabled_at) return undefined;
      const groupIds = await this.joinGroups(manager, user.tenantId, row.id, user.groupNames);
      return { tenantId: user.tenantId, userId: row.id, groupIds, roles: user.roles };
    });
  }

  /** Sets a user's groups to exactly those named. */
  private async joinGroups(
    manager: EntityManager,
    tenantId: string,
    userId: string,
    names: string[],
  ): Promise<string[]> {
    await manager.query(
      `insert into user_group (tenant_id, name) select $1, unnest($2::text[]) on conflict do nothing`,
      [tenantId, names],
    );
    const rows = await manager.query<{ id: string }[]>('select id from user_group where name = any($1)', [
      names,
    ]);
    const ids = rows.map((row) => row.id);
    await manager.query('delete from group_member where user_id = $1 and not group_id = any($2)', [
      userId,
      ids,
    ]);
    await manager.query(
      `insert into group_member (tenant_id, group_id, user_id) select $1, unnest($2::uuid[]), $3 on conflict do nothing`,
      [tenantId, ids, userId],
    );
    return ids;
  }
}
