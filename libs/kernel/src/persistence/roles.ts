/**
 * The database roles that work is done under. None owns a table, none can bypass row-level security.
 * - midplane_app: one tenant's rows, as `app.tenant_id` says.
 * - midplane_authenticator: reads keys, users and tenants of every tenant, to find out who asks; nothing else.
 * - midplane_dispatcher: the jobs of every tenant; nothing else.
 */
export const DATABASE_ROLES = ['midplane_app', 'midplane_authenticator', 'midplane_dispatcher'] as const;
export type DatabaseRole = (typeof DATABASE_ROLES)[number];
