import { setTimeout as sleep } from 'node:timers/promises';
import type { DocumentStatus, KnowledgeBaseView } from '@midplane/contracts';
import {
  AuditLog,
  authorize,
  Database,
  type JobHandler,
  type JobRun,
  Jobs,
  UserError,
} from '@midplane/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { type EmbedderBinding, isSameEmbedder } from '../../vector-space.js';
import { ChunkRepository } from '../chunks/chunk.repository.js';
import { DocumentRepository } from '../documents/document.repository.js';
import { INGEST_CONFIG, type IngestConfig } from '../ingest.config.js';
import { type BaseEmbedder, BoundEmbedder } from '../knowledge-bases/bound-embedder.js';
import { EmbedderChoice } from '../knowledge-bases/embedder-choice.js';
import { bindingOf } from '../knowledge-bases/knowledge-base.entity.js';
import { KnowledgeBaseRepository } from '../knowledge-bases/knowledge-base.repository.js';
import { knowledgeBaseView } from '../knowledge-bases/knowledge-base.view.js';
import { inLanes } from '../stages/embed-batches.js';
import { passageText } from '../../passage-text.js';

/** Documents that have passed the embed stage. Those before it meet the new embedder there by themselves. */
const EMBEDDED: DocumentStatus[] = ['INDEXING', 'READY'];
/** Chunks read at once. */
const READ = 256;

/**
 * Moves knowledge bases to other embedders without an outage: the new vectors are written beside the old ones, which
 * searches use until the base is bound to the new embedder in one transaction; then the old ones are removed.
 */
@Injectable()
export class ReembeddingService {
  constructor(
    private readonly database: Database,
    private readonly bases: KnowledgeBaseRepository,
    private readonly documents: DocumentRepository,
    private readonly chunks: ChunkRepository,
    private readonly choice: EmbedderChoice,
    private readonly embedder: BoundEmbedder,
    private readonly jobs: Jobs,
    private readonly audit: AuditLog,
    @Inject(INGEST_CONFIG) private readonly config: IngestConfig,
  ) {}

  /** Does the moves. A move that is given up takes its vectors away again. */
  get handler(): JobHandler<'ingest.reembed'> {
    return {
      run: ({ knowledgeBaseId, embeddingModel }, job) => this.move(knowledgeBaseId, embeddingModel, job),
      dead: ({ knowledgeBaseId }) => this.removeVectorsOfOthers(knowledgeBaseId),
    };
  }

  /**
   * Queues the move of a knowledge base to another embedder.
   * @returns the base as it is now, still bound to the old one; a base that is bound to it already stays as it is
   * @throws UserError KNOWLEDGE_BASE_NOT_FOUND, KNOWLEDGE_BASE_BUSY, MODEL_NOT_FOUND,
   *   EMBEDDING_DIMENSION_UNSUPPORTED, FORBIDDEN
   */
  async reembed(id: string, embeddingModel: string): Promise<KnowledgeBaseView> {
    authorize('update', 'KnowledgeBase');
    const target = await this.choice.choose(embeddingModel);
    return this.database.tenant(async (manager) => {
      const base = await this.bases.find(manager, id);
      if (!base) throw new UserError('KNOWLEDGE_BASE_NOT_FOUND', { id });
      if (isSameEmbedder(bindingOf(base), target)) return knowledgeBaseView(base);
      const jobId = await this.jobs.enqueue(
        manager,
        'ingest.reembed',
        { knowledgeBaseId: id, embeddingModel },
        { dedupeKey: `ingest.reembed:${id}` },
      );
      if (!jobId) throw new UserError('KNOWLEDGE_BASE_BUSY', { name: base.name });
      await this.audit.append(manager, {
        action: 'knowledge-base.reembed',
        subject: id,
        detail: { from: base.embeddingModel, to: embeddingModel },
      });
      return knowledgeBaseView(base);
    });
  }

  private async move(id: string, embeddingModel: string, { signal }: JobRun): Promise<void> {
    const base = await this.database.tenant((manager) => this.bases.find(manager, id));
    if (!base) return;
    const target = { ...(await this.choice.choose(embeddingModel)), baseName: base.name };
    if (!isSameEmbedder(bindingOf(base), target)) {
      // Documents that become ready meanwhile are found in the next round.
      do await this.embedAll(id, target, signal);
      while (!(await this.bind(id, target)));
    }
    // A search that read the binding before the move asks for the old vectors a moment later.
    await sleep(this.config.REEMBED_GRACE_SECONDS * 1000, undefined, { signal });
    await this.removeVectorsOfOthers(id);
  }

  private async embedAll(knowledgeBaseId: string, target: BaseEmbedder, signal: AbortSignal): Promise<void> {
    const ids = await this.database.tenant((manager) =>
      this.documents.idsIn(manager, knowledgeBaseId, EMBEDDED),
    );
    for (const id of ids) {
      let after = -1;
      const read = async () => {
        signal.throwIfAborted();
        const next = await this.database.tenant((manager) =>
          this.chunks.withoutVector(manager, id, target, after, READ),
        );
        after = next.at(-1)?.ordinal ?? after;
        return next;
      };
      await inLanes(read, async (batch) => {
        const embedded = await this.embedder.embed(target, batch.map(passageText), signal);
        await this.database.tenant(async (manager) => {
          // One that is being erased, or chunked anew, gets no vectors any more.
          if (!(await this.documents.hold(manager, id, EMBEDDED, 'read'))) return;
          const chunkIds = batch.map((chunk) => chunk.id);
          await this.chunks.addEmbedded(manager, chunkIds, target, embedded);
        });
      });
    }
  }

  /** @returns false where some document lacks vectors of the new embedder; then nothing changed */
  private bind(id: string, target: EmbedderBinding): Promise<boolean> {
    return this.database.tenant(async (manager) => {
      if (!(await this.bases.findLocked(manager, id, 'changed'))) return true;
      if (await this.chunks.lacksVector(manager, id, EMBEDDED, target)) return false;
      await this.bases.bind(manager, id, target);
      return true;
    });
  }

  /** Removes all vectors but those of the embedder that the base is bound to. */
  private async removeVectorsOfOthers(id: string): Promise<void> {
    const base = await this.database.tenant((manager) => this.bases.find(manager, id));
    if (!base) return;
    const ids = await this.database.tenant((manager) =>
      this.documents.idsIn(manager, id, ['EMBEDDING', 'FAILED', ...EMBEDDED]),
    );
    for (const documentId of ids) {
      await this.database.tenant((manager) =>
        this.chunks.removeEmbeddedOfOthers(manager, documentId, bindingOf(base)),
      );
    }
  }
}
