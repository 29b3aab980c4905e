import type { RoutePlan, RouteVersionView, RouteView } from '@midplane/contracts';
import { AuditLog, authorize, currentContext, Database, newId, UserError } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Route } from '../catalog/catalog.js';
import { Catalogs } from '../catalog/catalogs.js';
import type { RouteRow, RouteVersionRow } from '../catalog/catalog.repository.js';
import { CONFIGURED_ROUTE_ID } from '../catalog/configured-model.js';
import { orTaken } from '../catalog/unique.js';

/** Routes and their versions: what serves, what served before, and who is kept on which. */
@Injectable()
export class RouteService {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditLog,
    private readonly catalogs: Catalogs,
  ) {}

  async list(): Promise<RouteView[]> {
    authorize('read', 'Model');
    const { routes } = await this.catalogs.current();
    return [...routes.values()].map(routeView);
  }

  /** @throws UserError MODEL_NAME_TAKEN, MODEL_NOT_FOUND, FORBIDDEN */
  async create(input: { name: string; plan: RoutePlan; note: string }): Promise<RouteView> {
    authorize('create', 'Model');
    const { tenantId } = currentContext().principal;
    await this.checkModels(input.plan);
    const id = newId();
    const work = this.database.tenant(async (manager) => {
      await manager.query(
        `insert into model_route (id, tenant_id, name, kind, active_version) values ($1, $2, $3, 'CHAT', 1)`,
        [id, tenantId, input.name],
      );
      await addVersion(manager, id, 1, input.plan, input.note);
      await this.audit.append(manager, {
        action: 'model-route.create',
        subject: id,
        detail: { name: input.name },
      });
    });
    await orTaken(work, 'MODEL_NAME_TAKEN', input.name);
    return this.changed(input.name);
  }

  /** @throws UserError ROUTE_NOT_FOUND, MODEL_NOT_FOUND, FORBIDDEN */
  async addVersion(input: { routeId: string; plan: RoutePlan; note: string }): Promise<RouteVersionView> {
    authorize('update', 'Model');
    await this.checkModels(input.plan);
    const number = await this.database.tenant(async (manager) => {
      await lockRoute(manager, input.routeId);
      const added = (await lastVersion(manager, input.routeId)) + 1;
      await addVersion(manager, input.routeId, added, input.plan, input.note);
      await this.audit.append(manager, {
        action: 'model-route.add-version',
        subject: input.routeId,
        detail: { version: added },
      });
      return added;
    });
    this.catalogs.forget(currentContext().principal.tenantId);
    return (await this.versions(input.routeId)).find((version) => version.number === number)!;
  }

  /** @throws UserError ROUTE_NOT_FOUND */
  async versions(routeId: string): Promise<RouteVersionView[]> {
    authorize('read', 'Model');
    const rows = await this.database.tenant((manager) =>
      manager.query<RouteVersionRow[]>(
        'select route_id, number, plan, note, created_at from model_route_version where route_id = $1 order by number',
        [routeId],
      ),
    );
    if (rows.length === 0) throw new UserError('ROUTE_NOT_FOUND', { id: routeId });
    return rows.map(({ number, plan, note, created_at: createdAt }) => ({ number, plan, note, createdAt }));
  }

  /** @throws UserError ROUTE_NOT_FOUND, ROUTE_VERSION_NOT_FOUND, FORBIDDEN */
  async promote(routeId: string, version: number): Promise<RouteView> {
    authorize('update', 'Model');
    const route = await this.database.tenant(async (manager) => {
      const found = await lockRoute(manager, routeId);
      await activate(manager, routeId, version);
      const detail = { from: found.active_version, to: version };
      await this.audit.append(manager, { action: 'model-route.promote', subject: routeId, detail });
      return found;
    });
    return this.changed(route.name);
  }

  /** @throws UserError ROUTE_NOT_FOUND, ROUTE_VERSION_NOT_FOUND where nothing served before, FORBIDDEN */
  async rollBack(routeId: string): Promise<RouteView> {
    authorize('update', 'Model');
    const route = await this.database.tenant(async (manager) => {
      const found = await lockRoute(manager, routeId);
      if (found.previous_version === null) throw new UserError('ROUTE_VERSION_NOT_FOUND', { version: '–' });
      await activate(manager, routeId, found.previous_version);
      const detail = { from: found.active_version, to: found.previous_version };
      await this.audit.append(manager, { action: 'model-route.roll-back', subject: routeId, detail });
      return found;
    });
    return this.changed(route.name);
  }

  /**
   * Takes a canary that did worse than its base out of its route: a version without it serves from now on. Where
   * another process did so first, or somebody promoted another version meanwhile, nothing happens.
   * @param version that the canary is a part of
   * @param reason what it was judged by, for the audit ledger
   * @returns whether it was this call that did it
   */
  async rollBackCanary(routeId: string, version: number, reason: Record<string, unknown>): Promise<boolean> {
    const done = await this.database.tenant(async (manager) => {
      const route = await lockRoute(manager, routeId).catch(() => undefined);
      if (route?.active_version !== version) return false;
      const [row] = await manager.query<{ plan: RoutePlan }[]>(
        'select plan from model_route_version where route_id = $1 and number = $2',
        [routeId, version],
      );
      const plan = { ...row!.plan, targets: row!.plan.targets.filter(({ canary }) => !canary) };
      const canary = row!.plan.targets.find((target) => target.canary);
      const number = (await lastVersion(manager, routeId)) + 1;
      await addVersion(manager, routeId, number, plan, `version ${version} without its canary`);
      await activate(manager, routeId, number);
      await this.audit.append(manager, {
        action: 'model-route.roll-back-canary',
        subject: routeId,
        decision: 'rolled back',
        detail: { from: version, to: number, canary: canary?.modelId, ...reason },
      });
      return true;
    });
    if (done) this.catalogs.forget(currentContext().principal.tenantId);
    return done;
  }

  /** @throws UserError ROUTE_NOT_FOUND, ROUTE_VERSION_NOT_FOUND, FORBIDDEN */
  async pin(routeId: string, userId: string, version: number | null): Promise<{ routeId: string }> {
    authorize('update', 'Model');
    const { tenantId } = currentContext().principal;
    await this.database.tenant(async (manager) => {
      await lockRoute(manager, routeId);
      if (version === null) {
        await manager.query('delete from model_route_pin where route_id = $1 and user_id = $2', [
          routeId,
          userId,
        ]);
      } else {
        await requireVersion(manager, routeId, version);
        await manager.query(
          `insert into model_route_pin (tenant_id, route_id, user_id, version) values ($1, $2, $3, $4)
           on conflict (route_id, user_id) do update set version = excluded.version`,
          [tenantId, routeId, userId, version],
        );
      }
      await this.audit.append(manager, {
        action: 'model-route.pin',
        subject: routeId,
        detail: { userId, version },
      });
    });
    this.catalogs.forget(tenantId);
    return { routeId };
  }

  /** @throws UserError ROUTE_NOT_FOUND, FORBIDDEN */
  async delete(id: string): Promise<{ id: string }> {
    authorize('delete', 'Model');
    await this.database.tenant(async (manager) => {
      const route = await lockRoute(manager, id);
      await manager.query('delete from model_route where id = $1', [id]);
      await this.audit.append(manager, {
        action: 'model-route.delete',
        subject: id,
        detail: { name: route.name },
      });
    });
    this.catalogs.forget(currentContext().principal.tenantId);
    return { id };
  }

  private async changed(name: string): Promise<RouteView> {
    this.catalogs.forget(currentContext().principal.tenantId);
    return routeView((await this.catalogs.current()).routes.get(name)!);
  }

  private async checkModels({ targets, fallbacks }: RoutePlan): Promise<void> {
    this.catalogs.forget(currentContext().principal.tenantId);
    const { deployments } = await this.catalogs.current();
    for (const id of [...targets.map(({ modelId }) => modelId), ...fallbacks]) {
      if (deployments.has(id)) continue;
      const available =
        [...deployments.values()].map((each) => `${each.name} (${each.id})`).join(', ') || '–';
      throw new UserError('MODEL_NOT_FOUND', { model: id, available });
    }
  }
}

async function lockRoute(manager: EntityManager, id: string): Promise<RouteRow> {
  const rows = await manager.query<RouteRow[]>('select * from model_route where id = $1 for update', [id]);
  if (!rows[0]) throw new UserError('ROUTE_NOT_FOUND', { id });
  return rows[0];
}

async function lastVersion(manager: EntityManager, routeId: string): Promise<number> {
  const [row] = await manager.query<{ last: number }[]>(
    'select coalesce(max(number), 0)::int as last from model_route_version where route_id = $1',
    [routeId],
  );
  return row!.last;
}

async function addVersion(
  manager: EntityManager,
  routeId: string,
  number: number,
  plan: RoutePlan,
  note: string,
): Promise<void> {
  const { tenantId, userId } = currentContext().principal;
  await manager.query(
    `insert into model_route_version (tenant_id, route_id, number, plan, note, created_by)
     values ($1, $2, $3, $4, $5, $6)`,
    [tenantId, routeId, number, plan, note, userId],
  );
}

async function requireVersion(manager: EntityManager, routeId: string, version: number): Promise<void> {
  const rows = await manager.query<unknown[]>(
    'select from model_route_version where route_id = $1 and number = $2',
    [routeId, version],
  );
  if (rows.length === 0) throw new UserError('ROUTE_VERSION_NOT_FOUND', { version });
}

async function activate(manager: EntityManager, routeId: string, version: number): Promise<void> {
  await requireVersion(manager, routeId, version);
  await manager.query(
    `update model_route set previous_version = active_version, active_version = $2, activated_at = clock_timestamp()
     where id = $1 and active_version <> $2`,
    [routeId, version],
  );
}

function routeView(route: Route): RouteView {
  const { id, name, activeVersion, previousVersion, versions } = route;
  return {
    id,
    name,
    kind: 'CHAT',
    activeVersion,
    previousVersion,
    plan: versions.get(activeVersion)!,
    editable: id !== CONFIGURED_ROUTE_ID,
  };
}
