import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { GraphQLModule } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { Redis } from 'ioredis';
import { KERNEL_CONFIG, type KernelConfig, LOGGER, type Logger } from '@midplane/kernel';
import { AccessResolver } from './access/access.resolver.js';
import { UserRepository } from './access/user.repository.js';
import { AnswerResolver } from './answer/answer.resolver.js';
import { ConversationResolver } from './conversation/conversation.resolver.js';
import { Doors } from './door/doors.js';
import { GATEWAY_CONFIG, type GatewayConfig } from './gateway.config.js';
import { DocumentResolver } from './knowledge/document.resolver.js';
import { KnowledgeBaseResolver } from './knowledge/knowledge-base.resolver.js';
import { ModelsResolver } from './models/models.resolver.js';
import { OperationService } from './operation/operation.service.js';
import { OperationsResolver } from './operations/operations.resolver.js';
import { StatusService } from './operations/status.service.js';
import { GraphqlExceptionFilter } from './problem/graphql-exception.filter.js';
import { withOutcomes } from './problem/outcome.js';
import { LocalRateLimiter } from './rate-limit/local.rate-limiter.js';
import { RATE_LIMITER, type RateLimiter } from './rate-limit/rate-limiter.port.js';
import { RedisRateLimiter } from './rate-limit/redis.rate-limiter.js';
import { SearchResolver } from './search/search.resolver.js';
import { UploadService } from './upload/upload.service.js';

/** Documents whose compiled form is kept; the document of an operation is at most 64 KiB. */
const COMPILED_DOCUMENTS = 500;

/** Every resolver of the public schema. */
export const RESOLVERS = [
  KnowledgeBaseResolver,
  DocumentResolver,
  SearchResolver,
  ConversationResolver,
  AnswerResolver,
  AccessResolver,
  OperationsResolver,
  ModelsResolver,
] as const;

/** The public door: GraphQL over HTTP, WebSocket and server-sent events, and uploads. Needs the KernelModule. */
@Module({})
export class GatewayModule implements OnApplicationShutdown {
  constructor(@Inject(RATE_LIMITER) private readonly limiter: RateLimiter) {}

  static forRoot(config: GatewayConfig): DynamicModule {
    return {
      module: GatewayModule,
      imports: [
        GraphQLModule.forRoot<MercuriusDriverConfig>({
          driver: MercuriusDriver,
          autoSchemaFile: true,
          sortSchema: true,
          transformSchema: withOutcomes,
          // The doors are our own: those of mercurius don't keep to GraphQL over HTTP. It executes what they let in,
          // compiled from the second time on.
          routes: false,
          jit: 1,
          cache: COMPILED_DOCUMENTS,
          errorFormatter: (execution) => ({ statusCode: 200, response: execution }),
        }),
      ],
      providers: [
        { provide: GATEWAY_CONFIG, useValue: config },
        { provide: APP_FILTER, useClass: GraphqlExceptionFilter },
        { provide: RATE_LIMITER, useFactory: rateLimiter, inject: [KERNEL_CONFIG, LOGGER] },
        ...RESOLVERS,
        UploadService,
        UserRepository,
        StatusService,
        OperationService,
        Doors,
      ],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.limiter.close();
  }
}

function rateLimiter({ REDIS_URL }: KernelConfig, logger: Logger): RateLimiter {
  if (!REDIS_URL) return new LocalRateLimiter();
  const redis = new Redis(REDIS_URL, { maxRetriesPerRequest: 0, enableOfflineQueue: false });
  return new RedisRateLimiter(redis, logger);
}
