import type { DeletionView } from '@midplane/contracts';
import {
  AuditLog,
  authorize,
  Database,
  FILE_STORAGE,
  type FileStorage,
  type JobHandler,
  Jobs,
  OperationalError,
  ServiceRegistry,
  UserError,
} from '@midplane/kernel';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ChunkRepository } from '../chunks/chunk.repository.js';
import { DocumentChanges } from '../documents/document-changes.js';
import type { DocumentEntity } from '../documents/document.entity.js';
import { DocumentRepository } from '../documents/document.repository.js';
import { currentReader } from '../documents/document.view.js';
import { KnowledgeBaseRepository } from '../knowledge-bases/knowledge-base.repository.js';
import { documentPrefix } from '../storage-keys.js';
import { ErasureProbe } from './erasure-probe.js';
import { ErasureRepository } from './erasure.repository.js';

/** How long the call that asked for an erasure has before a job takes over, in ms: it may have been killed. */
const TAKE_OVER_MS = 15_000;

const ERASED = 'document.erase';
const NOT_ERASED = 'document.erase-incomplete';

/**
 * Erases documents: hidden at once, then removed everywhere, then looked for. A document stays in the table, hidden,
 * until nothing of it was found, so that an erasure that was cut off or found something is done again.
 */
@Injectable()
export class ErasureService {
  constructor(
    private readonly database: Database,
    private readonly bases: KnowledgeBaseRepository,
    private readonly documents: DocumentRepository,
    private readonly chunks: ChunkRepository,
    private readonly traces: ErasureRepository,
    private readonly probe: ErasureProbe,
    private readonly changes: DocumentChanges,
    private readonly registry: ServiceRegistry,
    private readonly jobs: Jobs,
    private readonly audit: AuditLog,
    @Inject(FILE_STORAGE) private readonly storage: FileStorage,
  ) {}

  /** Finishes erasures whose call ended early. */
  get handler(): JobHandler<'ingest.erase'> {
    return {
      run: async ({ documentId }) => {
        const erased = await this.erase(documentId);
        if (erased && !erased.verified)
          throw new OperationalError('Something of the document is still there.');
      },
    };
  }

  /**
   * Removes a document's text, postings, vectors, files and the answers made from it.
   * @returns `verified`: nothing of it was found afterwards; otherwise it is hidden, and tried again by a job
   * @throws UserError DOCUMENT_NOT_FOUND, FORBIDDEN
   */
  async deleteDocument(id: string): Promise<DeletionView> {
    authorize('delete', 'Document');
    const knowledgeBaseId = await this.database.tenant(async (manager) => {
      const [visible] = await this.documents.findVisible(manager, [id], currentReader());
      const document = visible && (await this.documents.findLocked(manager, id));
      if (!document) throw new UserError('DOCUMENT_NOT_FOUND', { id });
      await this.hide(manager, document);
      return document.knowledgeBaseId;
    });
    this.changes.poke(knowledgeBaseId);
    return (await this.erase(id)) ?? this.erasedBefore(id);
  }

  /**
   * Removes a knowledge base with all its documents.
   * @returns `verified`: nothing of any of them was found afterwards
   * @throws UserError KNOWLEDGE_BASE_NOT_FOUND, FORBIDDEN
   */
  async deleteKnowledgeBase(id: string): Promise<DeletionView> {
    authorize('delete', 'KnowledgeBase');
    const documentIds = await this.database.tenant((manager) => this.hideBase(manager, id));
    this.changes.poke(id);
    let chunks = 0;
    let verified = true;
    for (const documentId of documentIds) {
      const erased = (await this.erase(documentId)) ?? (await this.erasedBefore(documentId));
      chunks += erased.chunks;
      verified &&= erased.verified;
    }
    const auditEventId = await this.database.tenant(async (manager) => {
      await this.bases.removeIfErased(manager, id);
      return this.audit.append(manager, {
        action: 'knowledge-base.erase',
        subject: id,
        detail: { documents: documentIds.length, chunks, verified },
      });
    });
    return { id, chunks, verified, auditEventId };
  }

  private async hide(manager: EntityManager, document: DocumentEntity): Promise<void> {
    const { id, knowledgeBaseId, status, chunkCount } = document;
    if (status !== 'DELETING') {
      await this.documents.hide(manager, id);
      const chunks = status === 'READY' ? -chunkCount : 0;
      await this.bases.addToCounts(manager, knowledgeBaseId, { documents: -1, chunks });
    }
    await this.queue(manager, id);
  }

  private async hideBase(manager: EntityManager, id: string): Promise<string[]> {
    // Documents are locked before their base, as everywhere; those that came in meanwhile are hidden after it.
    await this.documents.hideAllOf(manager, id);
    if (!(await this.bases.findLocked(manager, id, 'changed')))
      throw new UserError('KNOWLEDGE_BASE_NOT_FOUND', { id });
    await this.documents.hideAllOf(manager, id);
    await this.bases.hide(manager, id);
    const documentIds = await this.documents.idsIn(manager, id, ['DELETING']);
    for (const documentId of documentIds) await this.queue(manager, documentId);
    await this.bases.removeIfErased(manager, id);
    return documentIds;
  }

  private async queue(manager: EntityManager, documentId: string): Promise<void> {
    await this.jobs.enqueue(
      manager,
      'ingest.erase',
      { documentId },
      { dedupeKey: `ingest.erase:${documentId}`, runAt: new Date(Date.now() + TAKE_OVER_MS) },
    );
  }

  /** Erases a hidden document; every step can be done again. @returns undefined where it is gone already */
  private async erase(id: string): Promise<DeletionView | undefined> {
    const document = await this.database.tenant((manager) => this.documents.find(manager, id));
    if (!document) return undefined;
    const samples = await this.probe.samplesOf(id);
    const removed = await this.database.tenant((manager) => this.chunks.removeOf(manager, id));
    const chunks = Math.max(removed, document.chunkCount);
    await this.storage.delete([document.storageKey]);
    await this.storage.deletePrefix(documentPrefix(document.tenantId, id));
    const residue = { ...(await this.eraseAnswers(id)), ...(await this.probe.residueOf(document, samples)) };
    const verified = Object.keys(residue).length === 0;

    const auditEventId = await this.database.tenant(async (manager) => {
      if (!(await this.documents.findLocked(manager, id))) return undefined;
      if (verified) {
        await this.traces.removeJobsOf(manager, id);
        await this.documents.remove(manager, id);
        await this.bases.removeIfErased(manager, document.knowledgeBaseId);
      }
      return this.audit.append(manager, {
        action: verified ? ERASED : NOT_ERASED,
        subject: id,
        detail: {
          knowledgeBaseId: document.knowledgeBaseId,
          sha256: document.sha256,
          chunks,
          probes: samples.length,
          ...(!verified && { residue }),
        },
      });
    });
    return auditEventId ? { id, chunks, verified, auditEventId } : undefined;
  }

  /** @returns what is left of answers that cite the document, or why that can't be told; empty: nothing */
  private async eraseAnswers(id: string): Promise<Record<string, number | string>> {
    try {
      const { left } = await this.registry.client('sessions').eraseAnswersFrom({ documentIds: [id] });
      return left === 0 ? {} : { answers: left };
    } catch (error) {
      if (error instanceof UserError) return { answers: error.code };
      throw error;
    }
  }

  /** Another run of the same erasure was faster. */
  private async erasedBefore(id: string): Promise<DeletionView> {
    const auditEventId = await this.database.tenant((manager) => this.traces.eventOf(manager, ERASED, id));
    if (!auditEventId) throw new UserError('DOCUMENT_NOT_FOUND', { id });
    return { id, chunks: 0, verified: true, auditEventId };
  }
}
