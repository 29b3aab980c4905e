import type { ModelKind, ModelView, ProviderView } from '@midplane/contracts';
import { ModelInput, ProviderInput } from '@midplane/contracts';
import {
  AuditLog,
  authorize,
  currentContext,
  Database,
  invalidInput,
  newId,
  SecretBox,
  UserError,
} from '@midplane/kernel';
import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { DeploymentStates } from '../call/deployment-states.js';
import { MODELS_CONFIG, type ModelsConfig } from '../models.config.js';
import { ModelHosts } from '../provider/model-hosts.js';
import type { Deployment } from './catalog.js';
import { Catalogs } from './catalogs.js';
import type { ProviderRow } from './catalog.repository.js';
import { configuredModel } from './configured-model.js';
import { orTaken, orUsed } from './unique.js';

/** Providers with their keys, and the models behind them. Administrators change them. */
@Injectable()
export class ProviderService {
  constructor(
    private readonly database: Database,
    private readonly secrets: SecretBox,
    private readonly audit: AuditLog,
    private readonly catalogs: Catalogs,
    private readonly states: DeploymentStates,
    private readonly hosts: ModelHosts,
    @Inject(MODELS_CONFIG) private readonly config: ModelsConfig,
  ) {}

  /** @returns the tenant's providers, and the one of the environment */
  async list(): Promise<ProviderView[]> {
    authorize('update', 'Model');
    const rows = await this.database.tenant((manager) =>
      manager.query<ProviderRow[]>('select * from model_provider order by id'),
    );
    const configured = configuredModel(this.config)?.deployment.provider;
    const hint = configured?.apiKey ? hintOf(configured.apiKey) : null;
    return [
      ...(configured
        ? [
            {
              id: configured.id,
              name: configured.name,
              kind: configured.kind,
              baseUrl: configured.baseUrl,
              keyHint: hint,
              editable: false,
            },
          ]
        : []),
      ...rows.map(providerView),
    ];
  }

  /** @throws UserError PROVIDER_NAME_TAKEN, INVALID_INPUT for a host that may not be reached, FORBIDDEN */
  async create(input: z.output<typeof ProviderInput>): Promise<ProviderView> {
    authorize('create', 'Model');
    this.checkHost(input.baseUrl);
    const { tenantId } = currentContext().principal;
    const id = newId();
    const [sealed, hint] = this.seal(input.apiKey, id);
    const work = this.database.tenant(async (manager) => {
      const rows = await manager.query<ProviderRow[]>(
        `insert into model_provider (id, tenant_id, name, kind, base_url, sealed_key, key_hint)
         values ($1, $2, $3, $4, $5, $6, $7) returning *`,
        [id, tenantId, input.name, input.kind, trimUrl(input.baseUrl), sealed, hint],
      );
      await this.audit.append(manager, {
        action: 'model-provider.create',
        subject: id,
        detail: { name: input.name, kind: input.kind },
      });
      return rows[0]!;
    });
    const row = await orTaken(work, 'PROVIDER_NAME_TAKEN', input.name);
    this.catalogs.forget(tenantId);
    return providerView(row);
  }

  /** Changes what is given. @throws UserError PROVIDER_NOT_FOUND, PROVIDER_NAME_TAKEN, INVALID_INPUT, FORBIDDEN */
  async update({
    id,
    name,
    baseUrl,
    apiKey,
  }: { id: string } & Partial<z.output<typeof ProviderInput>>): Promise<ProviderView> {
    authorize('update', 'Model');
    if (baseUrl) this.checkHost(baseUrl);
    const [sealed, hint] = this.seal(apiKey, id);
    const work = this.database.tenant(async (manager) => {
      const [rows] = (await manager.query(
        `update model_provider set name = coalesce($2, name), base_url = coalesce($3, base_url),
           sealed_key = coalesce($4, sealed_key), key_hint = coalesce($5, key_hint)
         where id = $1 returning *`,
        [id, name ?? null, baseUrl ? trimUrl(baseUrl) : null, sealed, hint],
      )) as [ProviderRow[], number];
      if (!rows[0]) throw new UserError('PROVIDER_NOT_FOUND', { id });
      const changed = Object.entries({ name, baseUrl, apiKey }).flatMap(([key, value]) =>
        value ? [key] : [],
      );
      await this.audit.append(manager, { action: 'model-provider.update', subject: id, detail: { changed } });
      return rows[0];
    });
    const row = await orTaken(work, 'PROVIDER_NAME_TAKEN', name ?? '');
    this.catalogs.forget(currentContext().principal.tenantId);
    return providerView(row);
  }

  /** @throws UserError PROVIDER_NOT_FOUND, PROVIDER_IN_USE, FORBIDDEN */
  async delete(id: string): Promise<{ id: string }> {
    authorize('delete', 'Model');
    const work = this.database.tenant(async (manager) => {
      const [, count] = (await manager.query('delete from model_provider where id = $1', [id])) as [
        unknown,
        number,
      ];
      if (count === 0) throw new UserError('PROVIDER_NOT_FOUND', { id });
      await this.audit.append(manager, { action: 'model-provider.delete', subject: id });
    });
    await orUsed(work, 'PROVIDER_IN_USE');
    this.catalogs.forget(currentContext().principal.tenantId);
    return { id };
  }

  /** @returns the chat models, with how they do */
  async models(kind: ModelKind | undefined): Promise<ModelView[]> {
    authorize('read', 'Model');
    if (kind !== undefined && kind !== 'CHAT') return [];
    const { deployments } = await this.catalogs.current();
    return [...deployments.values()].map((each) => this.view(each));
  }

  /** @throws UserError PROVIDER_NOT_FOUND, MODEL_NAME_TAKEN, FORBIDDEN */
  async createModel(input: z.output<typeof ModelInput>): Promise<ModelView> {
    authorize('create', 'Model');
    const { tenantId } = currentContext().principal;
    const id = newId();
    const work = this.database.tenant(async (manager) => {
      const found = await manager.query<unknown[]>('select from model_provider where id = $1', [
        input.providerId,
      ]);
      if (found.length === 0) throw new UserError('PROVIDER_NOT_FOUND', { id: input.providerId });
      await manager.query(
        `insert into model_deployment (id, tenant_id, provider_id, name, version, kind, upstream_name, supports,
           context_tokens, max_output_tokens, prompt_price_micros, completion_price_micros, connect_timeout_ms,
           first_token_timeout_ms, token_timeout_ms)
         values ($1, $2, $3, $4, $5, 'CHAT', $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
        [
          id,
          tenantId,
          input.providerId,
          input.name,
          input.version,
          input.upstreamName,
          input.supports,
          input.contextTokens,
          input.maxOutputTokens,
          input.promptPriceMicros,
          input.completionPriceMicros,
          input.connectTimeoutMs,
          input.firstTokenTimeoutMs,
          input.tokenTimeoutMs,
        ],
      );
      const { name, version } = input;
      await this.audit.append(manager, { action: 'model.create', subject: id, detail: { name, version } });
    });
    await orTaken(work, 'MODEL_NAME_TAKEN', input.name);
    this.catalogs.forget(tenantId);
    return this.view((await this.catalogs.current()).deployments.get(id)!);
  }

  /** @throws UserError MODEL_NOT_FOUND, MODEL_IN_USE, FORBIDDEN */
  async deleteModel(id: string): Promise<{ id: string }> {
    authorize('delete', 'Model');
    await this.database.tenant(async (manager) => {
      const routes = await manager.query<{ name: string }[]>(
        `select r.name from model_route r join model_route_version v on v.route_id = r.id
         where v.plan->'targets' @> $1::jsonb or v.plan->'fallbacks' @> $2::jsonb limit 1`,
        [JSON.stringify([{ modelId: id }]), JSON.stringify([id])],
      );
      if (routes[0]) throw new UserError('MODEL_IN_USE', { route: routes[0].name });
      const [, count] = (await manager.query('delete from model_deployment where id = $1', [id])) as [
        unknown,
        number,
      ];
      if (count === 0) throw new UserError('MODEL_NOT_FOUND', { model: id, available: '–' });
      await this.audit.append(manager, { action: 'model.delete', subject: id });
    });
    this.catalogs.forget(currentContext().principal.tenantId);
    return { id };
  }

  private view(deployment: Deployment): ModelView {
    const { id, name, version, provider, supports, contextTokens, maxOutputTokens } = deployment;
    const { promptPriceMicros, completionPriceMicros } = deployment;
    return {
      id,
      name,
      version,
      kind: 'CHAT',
      provider: provider.name,
      health: this.states.breaker(id).health,
      supports,
      contextTokens,
      maxOutputTokens,
      promptPriceMicros,
      completionPriceMicros,
    };
  }

  /** What a name stands for may change, so its addresses are looked at with each connection as well. */
  private checkHost(baseUrl: string): void {
    const { hostname } = new URL(baseUrl);
    if (this.hosts.allows(hostname)) return;
    throw invalidInput('baseUrl', {
      en: `the host ${hostname} may not be reached; the operator of this installation allows hosts by MODEL_HOSTS`,
      zh: `不允许访问主机 ${hostname}；允许的主机由本系统的运维人员通过 MODEL_HOSTS 设置`,
    });
  }

  private seal(apiKey: string | undefined, id: string): [Buffer | null, string | null] {
    return apiKey === undefined ? [null, null] : [this.secrets.seal(apiKey, id), hintOf(apiKey)];
  }
}

const trimUrl = (url: string): string => url.replace(/\/+$/u, '');

/** The last four characters tell keys apart; of a short key they would tell too much. */
const hintOf = (key: string): string => (key.length < 12 ? '' : key.slice(-4));

function providerView(row: ProviderRow): ProviderView {
  const { id, name, kind, base_url: baseUrl, key_hint: keyHint } = row;
  return { id, name, kind, baseUrl, keyHint, editable: true };
}
