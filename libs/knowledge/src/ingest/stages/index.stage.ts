import { Database, Jobs } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import { cutWords } from '../../lexical/index.js';
import { ChunkRepository } from '../chunks/chunk.repository.js';
import type { DocumentEntity } from '../documents/document.entity.js';
import { DocumentRepository } from '../documents/document.repository.js';
import { bindingOf } from '../knowledge-bases/knowledge-base.entity.js';
import { KnowledgeBaseRepository } from '../knowledge-bases/knowledge-base.repository.js';
import { passageText } from '../../passage-text.js';
import { STAGE_JOBS } from './stage-jobs.js';
import { type Stage, StageLeft, type StageRun } from './stage.js';

/** Chunks in one transaction. */
const BATCH = 200;

/** Indexes every chunk's words, batch by batch, and makes the document findable when all is there. */
@Injectable()
export class IndexStage implements Stage {
  readonly stage = 'INDEXING';

  constructor(
    private readonly database: Database,
    private readonly bases: KnowledgeBaseRepository,
    private readonly documents: DocumentRepository,
    private readonly chunks: ChunkRepository,
    private readonly jobs: Jobs,
  ) {}

  async work({ document, signal, report }: StageRun): Promise<void> {
    for (let after = -1; ;) {
      signal.throwIfAborted();
      const batch = await this.database.tenant((manager) =>
        this.chunks.withoutPosting(manager, document.id, after, BATCH),
      );
      if (batch.length === 0) break;
      const ids = batch.map((chunk) => chunk.id);
      const words = batch.map((chunk) => cutWords(passageText(chunk)));
      await this.database.tenant(async (manager) => {
        if (!(await this.documents.hold(manager, document.id, [this.stage], 'read'))) throw new StageLeft();
        await this.chunks.addPostings(manager, ids, words);
      });
      after = batch.at(-1)!.ordinal;
      report((after + 1) / document.chunkCount);
    }
    await this.finish(document);
  }

  /** Ready means that every chunk has words and a vector of the base's embedder, which may have changed meanwhile. */
  private async finish(document: DocumentEntity): Promise<void> {
    await this.database.tenant(async (manager) => {
      if (!(await this.documents.hold(manager, document.id, [this.stage], 'write'))) throw new StageLeft();
      const base = await this.bases.findLocked(manager, document.knowledgeBaseId, 'counted');
      if (!base) throw new StageLeft();
      if ((await this.chunks.countWithoutVector(manager, document.id, bindingOf(base))) > 0) {
        await this.documents.moveTo(manager, document.id, 'EMBEDDING');
        await this.jobs.enqueue(manager, STAGE_JOBS.EMBEDDING, { documentId: document.id });
        return;
      }
      await this.bases.addToCounts(manager, base.id, { documents: 0, chunks: document.chunkCount });
      await this.documents.moveTo(manager, document.id, 'READY');
    });
  }
}
