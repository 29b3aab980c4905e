import { currentContext, Database, KeptFresh, SecretBox } from '@midplane/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { MODELS_CONFIG, type ModelsConfig } from '../models.config.js';
import type { Catalog, Deployment, Route } from './catalog.js';
import { type CatalogRows, type DeploymentRow, readCatalog } from './catalog.repository.js';
import { configuredModel } from './configured-model.js';

const MOST_TENANTS = 1_000;

/** The catalogs of the tenants that call here, kept for a moment. */
@Injectable()
export class Catalogs {
  private readonly kept = new KeptFresh((tenantId) => this.read(tenantId), MOST_TENANTS);

  constructor(
    private readonly database: Database,
    private readonly secrets: SecretBox,
    @Inject(MODELS_CONFIG) private readonly config: ModelsConfig,
  ) {}

  /** @returns the catalog of the running call's tenant; a change in another process counts two seconds later at most */
  async current(): Promise<Catalog> {
    return (await this.kept.get(currentContext().principal.tenantId))!;
  }

  /** Forgets a tenant's catalog, so that a change counts at once in this process. */
  forget(tenantId: string): void {
    this.kept.forget(tenantId);
  }

  private async read(tenantId: string): Promise<Catalog> {
    return this.build(await this.database.tenantOf(tenantId, readCatalog));
  }

  private build(rows: CatalogRows): Catalog {
    const providers = new Map(rows.providers.map((row) => [row.id, row]));
    const deployments = new Map<string, Deployment>();
    const routes = new Map<string, Route>();
    const configured = configuredModel(this.config);
    if (configured) {
      deployments.set(configured.deployment.id, configured.deployment);
      routes.set(configured.route.name, configured.route);
    }
    for (const row of rows.deployments) {
      const { id, name, kind, base_url, sealed_key } = providers.get(row.provider_id)!;
      const apiKey = sealed_key ? this.secrets.open(sealed_key, id) : undefined;
      deployments.set(row.id, deploymentOf(row, { id, name, kind, baseUrl: base_url, apiKey }));
    }
    for (const row of rows.routes) {
      const versions = rows.versions.filter((version) => version.route_id === row.id);
      const pins = rows.pins.filter((pin) => pin.route_id === row.id);
      routes.set(row.name, {
        id: row.id,
        name: row.name,
        activeVersion: row.active_version,
        previousVersion: row.previous_version,
        activatedAt: row.activated_at,
        versions: new Map(versions.map(({ number, plan }) => [number, plan])),
        pins: new Map(pins.map((pin) => [pin.user_id, pin.version])),
      });
    }
    return { deployments, routes, limits: rows.limits };
  }
}

function deploymentOf(row: DeploymentRow, provider: Deployment['provider']): Deployment {
  return {
    id: row.id,
    name: row.name,
    version: row.version,
    provider,
    upstreamName: row.upstream_name,
    supports: row.supports,
    contextTokens: row.context_tokens,
    maxOutputTokens: row.max_output_tokens,
    promptPriceMicros: Number(row.prompt_price_micros),
    completionPriceMicros: Number(row.completion_price_micros),
    connectTimeoutMs: row.connect_timeout_ms,
    firstTokenTimeoutMs: row.first_token_timeout_ms,
    tokenTimeoutMs: row.token_timeout_ms,
  };
}
