import type { IngestStage } from '@midplane/contracts';
import type { Database } from '@midplane/kernel';
import type { DocumentChanges } from '../documents/document-changes.js';
import type { DocumentEntity } from '../documents/document.entity.js';
import type { DocumentRepository } from '../documents/document.repository.js';
import { StageLeft } from './stage.js';

/** How often progress is written, and how often (in such ticks) the document is looked at where there is none. */
const TICK_MS = 500;
const TICKS_BETWEEN_LOOKS = 4;

/**
 * Writes a run's progress into the document's row, and notices there that the document has left the stage: then the
 * signal aborts.
 */
export class Progress {
  private readonly left = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private share = 0;
  private written = 0;
  private ticks = 0;
  private writing: Promise<void> = Promise.resolve();
  private busy = false;

  constructor(
    private readonly database: Database,
    private readonly documents: DocumentRepository,
    private readonly changes: DocumentChanges,
    private readonly document: DocumentEntity,
    private readonly stage: IngestStage,
  ) {
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** Aborts with StageLeft. */
  get signal(): AbortSignal {
    return this.left.signal;
  }

  /** @param share 0–1 of the stage */
  report(share: number): void {
    this.share = Math.min(1, share);
  }

  /** Ends the writing; waits for what is on its way. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.writing;
  }

  private tick(): void {
    if (this.busy) return;
    this.ticks++;
    const moved = this.share !== this.written;
    if (!moved && this.ticks % TICKS_BETWEEN_LOOKS !== 0) return;
    this.busy = true;
    // A write that fails is no reason to stop: the next tick tries again, and the stage itself meets the database.
    this.writing = (moved ? this.write(this.share) : this.look())
      .catch(() => undefined)
      .finally(() => (this.busy = false));
  }

  private async write(share: number): Promise<void> {
    const { id, knowledgeBaseId } = this.document;
    const there = await this.database.tenant((manager) =>
      this.documents.setProgress(manager, id, this.stage, share),
    );
    this.written = share;
    if (!there) return this.left.abort(new StageLeft());
    this.changes.poke(knowledgeBaseId);
  }

  private async look(): Promise<void> {
    const there = await this.database.tenant((manager) =>
      this.documents.isIn(manager, this.document.id, this.stage),
    );
    if (!there) this.left.abort(new StageLeft());
  }
}
