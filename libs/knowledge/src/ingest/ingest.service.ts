import { Jobs, ServiceRegistry } from '@midplane/kernel';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DocumentEvents } from './documents/document-events.js';
import { DocumentService } from './documents/document.service.js';
import { ErasureService } from './erasure/erasure.service.js';
import { KnowledgeBaseService } from './knowledge-bases/knowledge-base.service.js';
import { ReembeddingService } from './reembedding/reembedding.service.js';
import { ChunkStage } from './stages/chunk.stage.js';
import { EmbedStage } from './stages/embed.stage.js';
import { IndexStage } from './stages/index.stage.js';
import { ParseStage } from './stages/parse.stage.js';
import { STAGE_JOBS } from './stages/stage-jobs.js';
import { StageRunner } from './stages/stage-runner.js';

/** The calls and the jobs of the ingest service, each with who does it. */
@Injectable()
export class IngestService implements OnModuleInit {
  constructor(
    private readonly registry: ServiceRegistry,
    private readonly jobs: Jobs,
    private readonly bases: KnowledgeBaseService,
    private readonly documents: DocumentService,
    private readonly events: DocumentEvents,
    private readonly erasure: ErasureService,
    private readonly reembedding: ReembeddingService,
    private readonly runner: StageRunner,
    private readonly parse: ParseStage,
    private readonly chunk: ChunkStage,
    private readonly embed: EmbedStage,
    private readonly index: IndexStage,
  ) {}

  onModuleInit(): void {
    this.registry.serve('ingest', {
      createKnowledgeBase: (input) => this.bases.create(input),
      knowledgeBases: (input) => this.bases.list(input),
      knowledgeBase: ({ id }) => this.bases.get(id),
      deleteKnowledgeBase: ({ id }) => this.erasure.deleteKnowledgeBase(id),
      reembedKnowledgeBase: ({ id, embeddingModel }) => this.reembedding.reembed(id, embeddingModel),
      setRanking: ({ id, ranking }) => this.bases.setRanking(id, ranking),
      addDocument: (input) => this.documents.add(input),
      documents: (input) => this.documents.list(input),
      document: ({ id }) => this.documents.get(id),
      documentsByIds: ({ ids }) => this.documents.byIds(ids),
      retryDocument: ({ id }) => this.documents.retry(id),
      deleteDocument: ({ id }) => this.erasure.deleteDocument(id),
      documentEvents: ({ knowledgeBaseId }) => this.events.follow(knowledgeBaseId),
      status: () => this.documents.corpusSize(),
    });
    for (const stage of [this.parse, this.chunk, this.embed, this.index])
      this.jobs.handle(STAGE_JOBS[stage.stage], this.runner.handler(stage));
    this.jobs.handle('ingest.erase', this.erasure.handler);
    this.jobs.handle('ingest.reembed', this.reembedding.handler);
  }
}
