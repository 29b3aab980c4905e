import type { IngestStage } from '@midplane/contracts';
import type { DocumentEntity } from '../documents/document.entity.js';

/** One run of a stage for one document. */
export interface StageRun {
  /** As it was when the run began. */
  document: DocumentEntity;
  /** Aborts when the run shall stop: the process ends, another worker has the job, or the document left the stage. */
  signal: AbortSignal;
  /** @param share 0–1 of this stage that is done */
  report(share: number): void;
}

/**
 * One stage of ingest. Its outputs, the document's next status and the next job are written in one transaction, so
 * that a run that ends anywhere can be done again.
 */
export interface Stage {
  readonly stage: IngestStage;
  /** @throws StageLeft where the document left the stage meanwhile; ParseError, UserError or anything else that failed */
  work(run: StageRun): Promise<void>;
}

/** The document is not in the stage any more: it is being erased, or another run has finished the stage. */
export class StageLeft extends Error {
  override readonly name = 'StageLeft';
}
