import { Database, Jobs } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import { ChunkRepository, type ChunkText, type EmbeddedPassage } from '../chunks/chunk.repository.js';
import type { DocumentEntity } from '../documents/document.entity.js';
import { DocumentRepository } from '../documents/document.repository.js';
import { type BaseEmbedder, BoundEmbedder } from '../knowledge-bases/bound-embedder.js';
import { inLanes } from './embed-batches.js';
import { passageText } from '../../passage-text.js';
import { STAGE_JOBS } from './stage-jobs.js';
import { type Stage, StageLeft, type StageRun } from './stage.js';

/** Chunks read at once. */
const READ = 256;

/** The knowledge base moved to another embedder while a run was embedding for the old one. */
class Rebound extends Error {
  override readonly name = 'Rebound';
}

/** Gives every chunk its vector, batch by batch; each batch is kept, so a run goes on where the last one stopped. */
@Injectable()
export class EmbedStage implements Stage {
  readonly stage = 'EMBEDDING';

  constructor(
    private readonly database: Database,
    private readonly documents: DocumentRepository,
    private readonly chunks: ChunkRepository,
    private readonly embedder: BoundEmbedder,
    private readonly jobs: Jobs,
  ) {}

  async work(run: StageRun): Promise<void> {
    for (;;) {
      const embedder = await this.embedder.of(run.document.knowledgeBaseId);
      try {
        await this.embedAll(run, embedder);
        return await this.finish(run.document, embedder);
      } catch (error) {
        if (!(error instanceof Rebound)) throw error;
      }
    }
  }

  private async embedAll({ document, signal, report }: StageRun, embedder: BaseEmbedder): Promise<void> {
    const total = Math.max(1, document.chunkCount);
    let done =
      total -
      (await this.database.tenant((manager) =>
        this.chunks.countWithoutVector(manager, document.id, embedder),
      ));
    let after = -1;
    const read = async (): Promise<ChunkText[]> => {
      const next = await this.database.tenant((manager) =>
        this.chunks.withoutVector(manager, document.id, embedder, after, READ),
      );
      after = next.at(-1)?.ordinal ?? after;
      return next;
    };
    await inLanes(read, async (batch) => {
      const embedded = await this.embedder.embed(embedder, batch.map(passageText), signal);
      await this.keep(document, embedder, batch, embedded);
      report((done += batch.length) / total);
    });
  }

  private async keep(
    document: DocumentEntity,
    embedder: BaseEmbedder,
    batch: ChunkText[],
    embedded: EmbeddedPassage[],
  ): Promise<void> {
    await this.database.tenant(async (manager) => {
      if (!(await this.documents.hold(manager, document.id, [this.stage], 'read'))) throw new StageLeft();
      if (!(await this.embedder.holds(manager, document.knowledgeBaseId, embedder))) throw new Rebound();
      const ids = batch.map((chunk) => chunk.id);
      await this.chunks.addEmbedded(manager, ids, embedder, embedded);
    });
  }

  private async finish(document: DocumentEntity, embedder: BaseEmbedder): Promise<void> {
    await this.database.tenant(async (manager) => {
      if (!(await this.documents.hold(manager, document.id, [this.stage], 'write'))) throw new StageLeft();
      if (!(await this.embedder.holds(manager, document.knowledgeBaseId, embedder))) throw new Rebound();
      await this.documents.moveTo(manager, document.id, 'INDEXING');
      await this.jobs.enqueue(manager, STAGE_JOBS.INDEXING, { documentId: document.id });
    });
  }
}
