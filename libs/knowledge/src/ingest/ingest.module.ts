import { type DynamicModule, Module } from '@nestjs/common';
import { ChunkEntity } from './chunks/chunk.entity.js';
import { ChunkRepository } from './chunks/chunk.repository.js';
import { DocumentChanges } from './documents/document-changes.js';
import { DocumentEntity } from './documents/document.entity.js';
import { DocumentEvents } from './documents/document-events.js';
import { DocumentRepository } from './documents/document.repository.js';
import { DocumentService } from './documents/document.service.js';
import { ErasureProbe } from './erasure/erasure-probe.js';
import { ErasureRepository } from './erasure/erasure.repository.js';
import { ErasureService } from './erasure/erasure.service.js';
import { INGEST_CONFIG, type IngestConfig } from './ingest.config.js';
import { IngestService } from './ingest.service.js';
import { BoundEmbedder } from './knowledge-bases/bound-embedder.js';
import { EmbedderChoice } from './knowledge-bases/embedder-choice.js';
import { KnowledgeBaseEntity } from './knowledge-bases/knowledge-base.entity.js';
import { KnowledgeBaseRepository } from './knowledge-bases/knowledge-base.repository.js';
import { KnowledgeBaseService } from './knowledge-bases/knowledge-base.service.js';
import { ReembeddingService } from './reembedding/reembedding.service.js';
import { ChunkStage } from './stages/chunk.stage.js';
import { EmbedStage } from './stages/embed.stage.js';
import { IndexStage } from './stages/index.stage.js';
import { ParseStage } from './stages/parse.stage.js';
import { ScanReader } from './stages/scan-reader.js';
import { StageRunner } from './stages/stage-runner.js';
import { WorkFolders } from './stages/work-folders.js';

/** Entities of the corpus, for `openKernel`. */
export const KNOWLEDGE_ENTITIES = [KnowledgeBaseEntity, DocumentEntity, ChunkEntity];

/** The ingest service: knowledge bases, uploads and their stages, erasure, re-embedding. */
@Module({})
export class IngestModule {
  static forRoot(config: IngestConfig): DynamicModule {
    return {
      module: IngestModule,
      providers: [
        { provide: INGEST_CONFIG, useValue: config },
        KnowledgeBaseRepository,
        DocumentRepository,
        ChunkRepository,
        ErasureRepository,
        EmbedderChoice,
        BoundEmbedder,
        DocumentChanges,
        DocumentEvents,
        WorkFolders,
        ScanReader,
        ParseStage,
        ChunkStage,
        EmbedStage,
        IndexStage,
        StageRunner,
        ErasureProbe,
        ErasureService,
        ReembeddingService,
        KnowledgeBaseService,
        DocumentService,
        IngestService,
      ],
    };
  }
}
