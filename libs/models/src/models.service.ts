import { ServiceRegistry } from '@midplane/kernel';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AnswerCache } from './cache/answer-cache.js';
import { ChatService } from './call/chat.service.js';
import { EmbedService } from './call/embed.service.js';
import { RerankService } from './call/rerank.service.js';
import { TranscribeService } from './call/transcribe.service.js';
import { ProviderService } from './catalog/provider.service.js';
import { UsageService } from './ledger/usage.service.js';
import { LimitService } from './limit/limit.service.js';
import { RouteService } from './route/route.service.js';

/** The calls of the models contract, each with who does it. */
@Injectable()
export class ModelsService implements OnModuleInit {
  constructor(
    private readonly registry: ServiceRegistry,
    private readonly chats: ChatService,
    private readonly embeddings: EmbedService,
    private readonly reranks: RerankService,
    private readonly transcripts: TranscribeService,
    private readonly providers: ProviderService,
    private readonly routes: RouteService,
    private readonly limits: LimitService,
    private readonly ledger: UsageService,
    private readonly cache: AnswerCache,
  ) {}

  onModuleInit(): void {
    this.registry.serve('models', {
      chat: (input) => this.chats.chat(input),
      complete: (input) => this.chats.complete(input),
      resolve: ({ model }) => this.chats.resolve(model),
      embed: (input) => this.embeddings.embed(input),
      rerank: (input) => this.reranks.rerank(input),
      transcribe: (input) => this.transcripts.transcribe(input),
      models: ({ kind }) => this.providers.models(kind),
      routes: () => this.routes.list(),
      providers: () => this.providers.list(),
      createProvider: (input) => this.providers.create(input),
      updateProvider: (input) => this.providers.update(input),
      deleteProvider: ({ id }) => this.providers.delete(id),
      createModel: (input) => this.providers.createModel(input),
      deleteModel: ({ id }) => this.providers.deleteModel(id),
      createRoute: (input) => this.routes.create(input),
      addRouteVersion: (input) => this.routes.addVersion(input),
      routeVersions: ({ routeId }) => this.routes.versions(routeId),
      promoteRoute: ({ routeId, version }) => this.routes.promote(routeId, version),
      rollBackRoute: ({ routeId }) => this.routes.rollBack(routeId),
      pinRoute: ({ routeId, userId, version }) => this.routes.pin(routeId, userId, version),
      deleteRoute: ({ id }) => this.routes.delete(id),
      limits: () => this.limits.list(),
      setLimit: (input) => this.limits.set(input),
      deleteLimit: ({ id }) => this.limits.delete(id),
      usage: ({ from, to, groupBy }) => this.ledger.usage(from, to, groupBy),
      eraseCached: ({ documentIds }) => this.cache.erase(documentIds),
      scoreCall: ({ callId, score }) => this.ledger.score(callId, score),
    });
  }
}
