import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inferenceConfig, InferenceModule, inferenceOptions } from '@midplane/inference';
import {
  type Kernel,
  kernelConfig,
  newId,
  openKernel,
  type Principal,
  readConfig,
  type RequestContext,
  runService,
} from '@midplane/kernel';
import { ingestConfig, IngestModule, KNOWLEDGE_ENTITIES, RetrievalModule } from '@midplane/knowledge';
import { MIGRATIONS } from '@midplane/migrations';
import { modelsConfig, ModelsModule } from '@midplane/models';
import { SESSIONS_ENTITIES, SessionsModule } from '@midplane/sessions';
import { startPostgres } from '../services/index.ts';

/** The services in this process, on a real Postgres of their own. */
export interface Booted {
  kernel: Kernel;
  databaseUrl: string;
  stop(): Promise<void>;
}

/** What a default installation is measured with: Postgres's own settings but for its page cache. */
export const POSTGRES_SETTINGS = { shared_buffers: '512MB' };

/**
 * Boots the modules that `apps/sessions`, `apps/ingest`, `apps/retrieval` and `apps/inference` run.
 * @param databaseUrl default: a Postgres that is started for it, and ends with it
 */
export async function boot(databaseUrl?: string): Promise<Booted> {
  const postgres =
    databaseUrl === undefined
      ? await startPostgres({ settings: POSTGRES_SETTINGS })
      : { url: databaseUrl, stop: () => Promise.resolve() };
  const home = await mkdtemp(join(tmpdir(), 'midplane-eval-'));
  const env = {
    ...process.env,
    DATABASE_URL: postgres.url,
    MIDPLANE_HOME: home,
    PORT: '0',
    LOG_LEVEL: 'error',
  };
  const config = readConfig(env, kernelConfig, inferenceConfig, ingestConfig, modelsConfig);
  const kernel = await openKernel({
    service: 'eval',
    config,
    migrations: MIGRATIONS,
    entities: [...KNOWLEDGE_ENTITIES, ...SESSIONS_ENTITIES],
  });
  const service = await runService({
    kernel,
    modules: [
      InferenceModule.forRoot(inferenceOptions(config)),
      IngestModule.forRoot(config),
      RetrievalModule,
      ModelsModule.forRoot(config),
      SessionsModule,
    ],
    rpc: false,
  });
  return {
    kernel,
    databaseUrl: postgres.url,
    stop: async () => {
      await service.stop();
      await postgres.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Makes a tenant, and the context of calls by its administrator. */
export async function administratorOf(kernel: Kernel, tenant: string): Promise<RequestContext> {
  const principal: Principal = { tenantId: newId(), userId: newId(), groupIds: [], roles: ['administrator'] };
  const { tenantId, userId, roles } = principal;
  await kernel.database.tenantOf(tenantId, async (manager) => {
    await manager.query('insert into tenant (id, name) values ($1, $2)', [tenantId, tenant]);
    await manager.query('insert into app_user (id, tenant_id, name, roles) values ($1, $2, $3, $4)', [
      ...[userId, tenantId, 'evaluation', roles],
    ]);
  });
  return { principal, traceId: newId(), locale: 'en', signal: new AbortController().signal };
}
