import type {
  DocumentStatus,
  DocumentView,
  Metadata,
  Page,
  PageInput,
  StoredFile,
} from '@midplane/contracts';
import {
  AuditLog,
  authorize,
  currentContext,
  Database,
  decodeCursor,
  FILE_STORAGE,
  type FileStorage,
  invalidInput,
  Jobs,
  newId,
  toPage,
  UserError,
} from '@midplane/kernel';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { checkMetadata, checkReaders, titleOf, visibleLine } from '../ingest-input.js';
import { KnowledgeBaseRepository } from '../knowledge-bases/knowledge-base.repository.js';
import { STAGE_JOBS } from '../stages/stage-jobs.js';
import { tenantPrefix } from '../storage-keys.js';
import { DocumentChanges } from './document-changes.js';
import type { DocumentEntity } from './document.entity.js';
import { type CorpusSize, DocumentRepository } from './document.repository.js';
import { currentReader, documentView } from './document.view.js';

export interface AddDocument {
  knowledgeBaseId: string;
  file: StoredFile;
  title?: string | undefined;
  readers: string[];
  metadata: Metadata;
}

/** Takes uploads over, and shows documents to those who may read them. */
@Injectable()
export class DocumentService {
  constructor(
    private readonly database: Database,
    private readonly bases: KnowledgeBaseRepository,
    private readonly documents: DocumentRepository,
    private readonly changes: DocumentChanges,
    private readonly jobs: Jobs,
    private readonly audit: AuditLog,
    @Inject(FILE_STORAGE) private readonly storage: FileStorage,
  ) {}

  /**
   * Takes over an upload and queues its first stage. Where the knowledge base holds the same bytes already, that
   * document is returned, whatever its stage, and the upload's copy is removed; so it is where the upload is refused.
   * @throws UserError KNOWLEDGE_BASE_NOT_FOUND, FORBIDDEN, INVALID_INPUT
   */
  async add(input: AddDocument): Promise<{ document: DocumentView; created: boolean }> {
    const { tenantId } = currentContext().principal;
    if (!input.file.storageKey.startsWith(tenantPrefix(tenantId)))
      throw invalidInput('file.storageKey', {
        en: 'expected a file of the own tenant',
        zh: '应为本租户的文件',
      });
    try {
      authorize('create', 'Document');
      const upload = this.documentOf(input);
      const document = await this.takeOver(upload);
      if (document.storageKey !== upload.storageKey) await this.discardUpload(upload.storageKey);
      this.changes.poke(document.knowledgeBaseId);
      return { document: documentView(document), created: document === upload };
    } catch (error) {
      if (error instanceof UserError) await this.discardUpload(input.file.storageKey);
      throw error;
    }
  }

  private documentOf({ knowledgeBaseId, file, title, readers, metadata }: AddDocument): DocumentEntity {
    const { tenantId, userId } = currentContext().principal;
    const now = new Date();
    return {
      id: newId(),
      tenantId,
      knowledgeBaseId,
      title: titleOf(title, file.fileName),
      fileName: visibleLine(file.fileName),
      mimeType: 'application/octet-stream',
      sizeBytes: file.sizeBytes,
      sha256: file.sha256,
      storageKey: file.storageKey,
      status: 'QUEUED',
      stageProgress: 0,
      failure: null,
      pageCount: null,
      chunkCount: 0,
      readers: checkReaders(readers),
      metadata: checkMetadata(metadata),
      createdBy: userId,
      createdAt: now,
      updatedAt: now,
    };
  }

  /** @returns the document, or the one that holds the same bytes. The base's row lock lets one upload in at a time. */
  private takeOver(document: DocumentEntity): Promise<DocumentEntity> {
    const { knowledgeBaseId } = document;
    return this.database.tenant(async (manager) => {
      if (!(await this.bases.findLocked(manager, knowledgeBaseId, 'counted')))
        throw new UserError('KNOWLEDGE_BASE_NOT_FOUND', { id: knowledgeBaseId });
      const same = await this.documents.findByContent(manager, knowledgeBaseId, document.sha256);
      if (same) return same;
      await this.documents.add(manager, document);
      await this.bases.addToCounts(manager, knowledgeBaseId, { documents: 1, chunks: 0 });
      await this.jobs.enqueue(manager, STAGE_JOBS.PARSING, { documentId: document.id });
      await this.audit.append(manager, {
        action: 'document.add',
        subject: document.id,
        detail: { knowledgeBaseId, sha256: document.sha256, sizeBytes: document.sizeBytes },
      });
      return document;
    });
  }

  /** Removes an upload's file, unless a document has it: the same call may come twice. */
  private async discardUpload(storageKey: string): Promise<void> {
    const held = await this.database.tenant((manager) => this.documents.holdsFile(manager, storageKey));
    if (!held) await this.storage.delete([storageKey]);
  }

  /** In the order in which they were added. @throws UserError KNOWLEDGE_BASE_NOT_FOUND, FORBIDDEN, INVALID_INPUT */
  async list(
    input: PageInput & { knowledgeBaseId: string; status?: DocumentStatus | undefined },
  ): Promise<Page<DocumentView>> {
    authorize('read', 'Document');
    const { knowledgeBaseId, status, first } = input;
    const after = decodeCursor(input.after);
    const reader = currentReader();
    return this.database.tenant(async (manager) => {
      if (!(await this.bases.find(manager, knowledgeBaseId)))
        throw new UserError('KNOWLEDGE_BASE_NOT_FOUND', { id: knowledgeBaseId });
      const list = { knowledgeBaseId, status, after, limit: first + 1 };
      const rows = await this.documents.listVisible(manager, list, reader);
      return toPage(rows, first, await this.documents.countVisible(manager, list, reader), documentView);
    });
  }

  /** @returns those of these documents that the caller may read, in any order. @throws UserError FORBIDDEN */
  async byIds(ids: string[]): Promise<DocumentView[]> {
    authorize('read', 'Document');
    const rows = await this.database.tenant((manager) =>
      this.documents.findVisible(manager, ids, currentReader()),
    );
    return rows.map(documentView);
  }

  /** @throws UserError FORBIDDEN */
  async get(id: string): Promise<DocumentView | null> {
    const [document] = await this.byIds([id]);
    return document ?? null;
  }

  /** What there is of the tenant that the caller may read. @throws UserError FORBIDDEN */
  async corpusSize(): Promise<CorpusSize> {
    authorize('read', 'Document');
    return this.database.tenant((manager) => this.documents.corpusSize(manager, currentReader()));
  }

  /**
   * Starts a failed document again at the stage that failed.
   * @returns the document; one that did not fail is as it was
   * @throws UserError DOCUMENT_NOT_FOUND, FORBIDDEN
   */
  async retry(id: string): Promise<DocumentView> {
    authorize('update', 'Document');
    const document = await this.database.tenant(async (manager) => {
      const [visible] = await this.documents.findVisible(manager, [id], currentReader());
      const found = visible && (await this.documents.findLocked(manager, id));
      if (!found) throw new UserError('DOCUMENT_NOT_FOUND', { id });
      return found.status === 'FAILED' && found.failure ? this.restart(manager, found) : found;
    });
    this.changes.poke(document.knowledgeBaseId);
    return documentView(document);
  }

  private async restart(manager: EntityManager, document: DocumentEntity): Promise<DocumentEntity> {
    const stage = document.failure!.stage as keyof typeof STAGE_JOBS;
    await this.documents.moveTo(manager, document.id, stage);
    await this.jobs.enqueue(manager, STAGE_JOBS[stage], { documentId: document.id });
    return (await this.documents.find(manager, document.id))!;
  }
}
