import { Database, KERNEL_CONFIG, type KernelConfig, LOGGER, type Logger } from '@midplane/kernel';
import { type DynamicModule, Inject, Module, type OnModuleDestroy } from '@nestjs/common';
import { Redis } from 'ioredis';
import { AnswerCache } from './cache/answer-cache.js';
import { ChatService } from './call/chat.service.js';
import { DeploymentStates } from './call/deployment-states.js';
import { EmbedService } from './call/embed.service.js';
import { InferenceCalls } from './call/inference-calls.js';
import { RerankService } from './call/rerank.service.js';
import { Shadows } from './call/shadows.js';
import { TranscribeService } from './call/transcribe.service.js';
import { Catalogs } from './catalog/catalogs.js';
import { ProviderService } from './catalog/provider.service.js';
import { Ledger } from './ledger/ledger.js';
import { Retention } from './ledger/retention.js';
import { UsageService } from './ledger/usage.service.js';
import { LimitService } from './limit/limit.service.js';
import { LIMIT_STORE, type LimitStore } from './limit/limit-store.port.js';
import { Limits } from './limit/limits.js';
import { PostgresLimitStore } from './limit/postgres.limit-store.js';
import { RedisLimitStore } from './limit/redis.limit-store.js';
import { checkModelsConfig, MODELS_CONFIG, type ModelsConfig } from './models.config.js';
import { ModelsService } from './models.service.js';
import { ModelHosts } from './provider/model-hosts.js';
import { Providers } from './provider/providers.js';
import { CanaryWatch } from './route/canary-watch.js';
import { RouteService } from './route/route.service.js';

/** The models service: many chat models behind one interface. Needs the KernelModule. */
@Module({})
export class ModelsModule implements OnModuleDestroy {
  constructor(
    private readonly shadows: Shadows,
    private readonly ledger: Ledger,
    private readonly canaries: CanaryWatch,
    private readonly providers: Providers,
    @Inject(LIMIT_STORE) private readonly limits: LimitStore,
  ) {}

  /** @throws ConfigError where the chat model's variables don't fit together, or MODEL_HOSTS is not understood */
  static forRoot(config: ModelsConfig): DynamicModule {
    checkModelsConfig(config);
    return {
      module: ModelsModule,
      providers: [
        { provide: MODELS_CONFIG, useValue: config },
        { provide: ModelHosts, useValue: modelHosts(config) },
        { provide: LIMIT_STORE, useFactory: limitStore, inject: [KERNEL_CONFIG, Database, LOGGER] },
        Providers,
        DeploymentStates,
        Catalogs,
        Limits,
        Ledger,
        Retention,
        CanaryWatch,
        Shadows,
        AnswerCache,
        ChatService,
        InferenceCalls,
        EmbedService,
        RerankService,
        TranscribeService,
        ProviderService,
        RouteService,
        LimitService,
        UsageService,
        ModelsService,
      ],
    };
  }

  /** In this order: what still runs ends, then what it was is written down. */
  async onModuleDestroy(): Promise<void> {
    await this.shadows.close();
    await this.ledger.close();
    await this.canaries.close();
    await this.providers.close();
    await this.limits.close();
  }
}

function modelHosts({ MODEL_HOSTS, LLM_BASE_URL }: ModelsConfig): ModelHosts {
  return new ModelHosts(MODEL_HOSTS, LLM_BASE_URL ? [new URL(LLM_BASE_URL).hostname] : []);
}

function limitStore({ REDIS_URL }: KernelConfig, database: Database, logger: Logger): LimitStore {
  const postgres = new PostgresLimitStore(database);
  if (!REDIS_URL) return postgres;
  const redis = new Redis(REDIS_URL, { maxRetriesPerRequest: 0, enableOfflineQueue: false });
  return new RedisLimitStore(redis, database, postgres, logger);
}
