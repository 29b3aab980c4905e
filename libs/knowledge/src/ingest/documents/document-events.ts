import type { DocumentView } from '@midplane/contracts';
import { authorize, currentContext, Database, iterateInContext, UserError } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import { KnowledgeBaseRepository } from '../knowledge-bases/knowledge-base.repository.js';
import { DocumentChanges } from './document-changes.js';
import { DocumentRepository, type Reader } from './document.repository.js';
import { currentReader, documentView } from './document.view.js';

/** How often changes made by other processes are looked for. */
const POLL_MS = 500;
/** A change is dated before its transaction ends: what is dated up to this much earlier is looked at again. */
const OVERLAP_US = 10_000_000n;

/** Streams the changes of a knowledge base's documents. The table is the truth, whichever process changed it. */
@Injectable()
export class DocumentEvents {
  constructor(
    private readonly database: Database,
    private readonly bases: KnowledgeBaseRepository,
    private readonly documents: DocumentRepository,
    private readonly changes: DocumentChanges,
  ) {}

  /**
   * @returns each document that the caller may read, as it is after each change from now on; several changes in
   * quick succession may come as one
   * @throws UserError KNOWLEDGE_BASE_NOT_FOUND, FORBIDDEN
   */
  async follow(knowledgeBaseId: string): Promise<AsyncGenerator<DocumentView, void>> {
    authorize('read', 'Document');
    const context = currentContext();
    const reader = currentReader();
    const start = await this.database.tenant(async (manager) => {
      if (!(await this.bases.find(manager, knowledgeBaseId)))
        throw new UserError('KNOWLEDGE_BASE_NOT_FOUND', { id: knowledgeBaseId });
      return BigInt(await this.documents.now(manager));
    });
    const left = new AbortController();
    const signal = AbortSignal.any([context.signal, left.signal]);
    const events = iterateInContext(context, () => this.changesSince(knowledgeBaseId, start, reader, signal));
    const end = events.return.bind(events);
    // A generator that waits for the next change hears of its end only after it: the signal ends the wait.
    events.return = (value) => {
      left.abort();
      return end(value);
    };
    return events;
  }

  private async *changesSince(
    knowledgeBaseId: string,
    start: bigint,
    reader: Reader,
    signal: AbortSignal,
  ): AsyncGenerator<DocumentView, void> {
    const following = this.changes.follow(knowledgeBaseId);
    /** Of documents changed in the overlap: when, as it was told last. */
    const told = new Map<string, bigint>();
    let newest = start;
    try {
      while (!signal.aborted) {
        const from = newest - OVERLAP_US > start ? newest - OVERLAP_US : start;
        const changed = await this.database.tenant((manager) =>
          this.documents.changedSince(manager, knowledgeBaseId, String(from), reader),
        );
        for (const document of changed) {
          const changedAt = BigInt(document.changedAt);
          if (told.get(document.id) === changedAt) continue;
          told.set(document.id, changedAt);
          if (changedAt > newest) newest = changedAt;
          yield documentView(document);
        }
        for (const [id, at] of told) if (at < newest - OVERLAP_US) told.delete(id);
        await following.next(POLL_MS, signal);
      }
    } finally {
      following.stop();
    }
  }
}
