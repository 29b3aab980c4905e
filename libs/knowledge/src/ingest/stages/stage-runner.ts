import type { DocumentFailure, IngestStage } from '@midplane/contracts';
import {
  currentContext,
  Database,
  FILE_STORAGE,
  type FileStorage,
  type JobHandler,
  type JobRun,
  type Logger,
  LOGGER,
  OperationalError,
  UserError,
} from '@midplane/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { DocumentChanges } from '../documents/document-changes.js';
import type { DocumentEntity } from '../documents/document.entity.js';
import { DocumentRepository } from '../documents/document.repository.js';
import { documentPrefix } from '../storage-keys.js';
import { Progress } from './progress.js';
import { finalFailure, givenUpFailure } from './stage-failure.js';
import { type Stage, StageLeft } from './stage.js';
import type { STAGE_JOBS } from './stage-jobs.js';

type StageJob = (typeof STAGE_JOBS)[IngestStage];

/** Runs a stage as a job: takes the document into it, keeps its progress, and records why it failed. */
@Injectable()
export class StageRunner {
  constructor(
    private readonly database: Database,
    private readonly documents: DocumentRepository,
    private readonly changes: DocumentChanges,
    @Inject(FILE_STORAGE) private readonly storage: FileStorage,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @returns the handler of the stage's job */
  handler(stage: Stage): JobHandler<StageJob> {
    return {
      run: ({ documentId }, job) => this.run(stage, documentId, job),
      dead: ({ documentId }, error) => this.fail(documentId, givenUpFailure(error, stage.stage)),
    };
  }

  private async run(stage: Stage, documentId: string, job: JobRun): Promise<void> {
    const document = await this.database.tenant((manager) =>
      this.documents.begin(manager, documentId, stage.stage),
    );
    if (!document) return this.leave(documentId);
    this.changes.poke(document.knowledgeBaseId);

    const progress = new Progress(this.database, this.documents, this.changes, document, stage.stage);
    try {
      await stage.work({
        document,
        signal: AbortSignal.any([job.signal, progress.signal]),
        report: (share) => progress.report(share),
      });
      this.changes.poke(document.knowledgeBaseId);
    } catch (error) {
      if (error instanceof StageLeft || progress.signal.aborted) return await this.leave(documentId);
      if (job.signal.aborted) throw error;
      await this.recordFailure(stage, document, error, job);
    } finally {
      await progress.stop();
    }
  }

  private async recordFailure(
    { stage }: Stage,
    document: DocumentEntity,
    error: unknown,
    job: JobRun,
  ): Promise<void> {
    const failure = finalFailure(error, stage);
    const log = { documentId: document.id, stage, attempt: job.attempt };
    if (failure) {
      this.logger.info({ ...log, code: failure.code }, 'a document failed');
      return this.fail(document.id, failure);
    }
    // A UserError would end the job at once; an outage is worth its attempts, and keeps its code at the last one.
    if (error instanceof UserError && job.attempt < job.maxAttempts)
      throw new OperationalError(error.message, { cause: error });
    throw error;
  }

  private async fail(documentId: string, failure: DocumentFailure): Promise<void> {
    const document = await this.database.tenant(async (manager) => {
      await this.documents.fail(manager, documentId, failure);
      return this.documents.find(manager, documentId);
    });
    if (document) this.changes.poke(document.knowledgeBaseId);
  }

  /** A stage that wrote files while its document was erased takes them away again. */
  private async leave(documentId: string): Promise<void> {
    const document = await this.database.tenant((manager) => this.documents.find(manager, documentId));
    if (document && document.status !== 'DELETING') return;
    const { tenantId } = currentContext().principal;
    await this.storage.deletePrefix(documentPrefix(tenantId, documentId));
  }
}
