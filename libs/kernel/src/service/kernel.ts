import type { ServiceName } from '@midplane/contracts';
import { ApiKeyEntity } from '../auth/api-key.entity.js';
import { ApiKeyService } from '../auth/api-key.service.js';
import { AuthService } from '../auth/auth.service.js';
import type { OidcVerifier } from '../auth/oidc-verifier.js';
import { OperatorToken } from '../auth/operator-token.js';
import { PrincipalRepository } from '../auth/principal.repository.js';
import { TenantService } from '../auth/tenant.service.js';
import { AuditLog } from '../audit/audit-log.js';
import type { KernelConfig } from '../config/kernel.config.js';
import { loadMasterKey } from '../config/master-key.js';
import { SecretBox } from '../config/secret-box.js';
import { BullMqTransport, InProcessTransport, Jobs } from '../jobs/index.js';
import { type MigrationClass, openDatabase } from '../persistence/data-source.js';
import { Database } from '../persistence/database.js';
import { ContextToken } from '../rpc/context-token.js';
import { ServiceRegistry } from '../rpc/service-registry.js';
import { Health } from '../health/health.js';
import type { FileStorage } from '../storage/file-storage.port.js';
import { openFileStorage } from '../storage/open-file-storage.js';
import { createLogger, type Logger } from '../telemetry/logger.js';
import { startTracing } from '../telemetry/tracing.js';

export interface KernelSettings {
  /** Name of this process in logs and spans. */
  service: string;
  config: KernelConfig;
  migrations: MigrationClass[];
  /** Entities of the areas that run in this process. */
  entities: (new () => object)[];
}

/** Everything that the areas of one process share. */
export interface Kernel {
  config: KernelConfig;
  logger: Logger;
  database: Database;
  registry: ServiceRegistry;
  contextToken: ContextToken;
  secrets: SecretBox;
  jobs: Jobs;
  storage: FileStorage;
  principals: PrincipalRepository;
  auth: AuthService;
  apiKeys: ApiKeyService;
  tenants: TenantService;
  operatorToken: OperatorToken;
  audit: AuditLog;
  health: Health;
  close(): Promise<void>;
}

/**
 * Opens the database, brings it to the newest migration, and makes what the areas stand on.
 * @throws Error where the database can't be opened, or the storage can't be written
 */
export async function openKernel(settings: KernelSettings): Promise<Kernel> {
  const { config } = settings;
  const logger = createLogger(config.LOG_LEVEL, settings.service);
  const stopTracing = config.OTEL_EXPORTER_OTLP_ENDPOINT
    ? await startTracing({ endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT, service: settings.service })
    : undefined;
  const storage = await openFileStorage(config);
  await storage.check();
  const opened = await openDatabase({
    url: config.DATABASE_URL,
    home: config.MIDPLANE_HOME,
    poolSize: config.DATABASE_POOL_SIZE,
    migrations: settings.migrations,
    entities: [ApiKeyEntity, ...settings.entities],
  });
  const database = new Database(opened.dataSource);
  const masterKey = await loadMasterKey(config.MIDPLANE_MASTER_KEY, config.MIDPLANE_HOME);
  const contextToken = new ContextToken(masterKey);
  const registry = new ServiceRegistry(serviceUrls(config), contextToken);
  const principals = new PrincipalRepository(database);
  const auth = new AuthService(principals, await oidcVerifier(config), logger);
  const audit = new AuditLog();
  const transport = config.REDIS_URL
    ? new BullMqTransport(config.REDIS_URL, database, logger)
    : new InProcessTransport(logger);
  const jobs = new Jobs(database, transport, logger, {
    concurrency: config.JOB_CONCURRENCY,
    leaseMs: config.JOB_LEASE_MS,
  });
  return {
    config,
    logger,
    database,
    registry,
    contextToken,
    secrets: new SecretBox(masterKey),
    jobs,
    storage,
    principals,
    auth,
    apiKeys: new ApiKeyService(database, auth, audit),
    tenants: new TenantService(database, audit),
    operatorToken: new OperatorToken(masterKey),
    audit,
    health: dependencies(config, database, storage, jobs),
    close: async () => {
      await jobs.stop();
      await opened.close();
      await stopTracing?.();
    },
  };
}

async function oidcVerifier(config: KernelConfig): Promise<OidcVerifier | undefined> {
  if (!config.OIDC_ISSUER) return undefined;
  // Half a megabyte of code that most installations never run.
  const { OidcVerifier } = await import('../auth/oidc-verifier.js');
  return new OidcVerifier(config.OIDC_ISSUER, config.OIDC_AUDIENCE);
}

function serviceUrls(config: KernelConfig): Partial<Record<ServiceName, string>> {
  return {
    inference: config.INFERENCE_URL,
    ingest: config.INGEST_URL,
    models: config.MODELS_URL,
    retrieval: config.RETRIEVAL_URL,
    sessions: config.SESSIONS_URL,
  };
}

function dependencies(config: KernelConfig, database: Database, storage: FileStorage, jobs: Jobs): Health {
  const health = new Health();
  health.add('postgres', () => database.dataSource.query('select 1'));
  health.add('storage', () => storage.check());
  // Without Redis, jobs wait in Postgres; questions are answered all the same.
  if (config.REDIS_URL) health.add('redis', () => jobs.check(), { needed: false });
  for (const [name, url] of Object.entries(serviceUrls(config))) {
    if (!url) continue;
    health.add(name, async (signal) => {
      const { ok } = await fetch(`${url.replace(/\/$/, '')}/health/live`, { signal });
      if (!ok) throw new Error(`${name} is not live`);
    });
  }
  return health;
}
