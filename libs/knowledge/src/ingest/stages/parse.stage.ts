import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Database, FILE_STORAGE, type FileStorage, Jobs, UserError } from '@midplane/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { parseFile } from '../../parse/index.js';
import { DocumentRepository } from '../documents/document.repository.js';
import { INGEST_CONFIG, type IngestConfig } from '../ingest.config.js';
import { blocksKey } from '../storage-keys.js';
import { ScanReader } from './scan-reader.js';
import { STAGE_JOBS } from './stage-jobs.js';
import { type Stage, StageLeft, type StageRun } from './stage.js';
import { WorkFolders } from './work-folders.js';

/** Share of the stage that reading the file takes where pages have to go to OCR. */
const SHARE_BEFORE_OCR = 0.1;
/** Blocks are text: what is larger than this is no document. */
const MAX_BLOCKS_BYTES = 4 * 1024 ** 3;

/** Reads the file into blocks, scanned pages by OCR, and keeps them in storage. */
@Injectable()
export class ParseStage implements Stage {
  readonly stage = 'PARSING';

  constructor(
    private readonly database: Database,
    private readonly documents: DocumentRepository,
    private readonly jobs: Jobs,
    private readonly folders: WorkFolders,
    private readonly scans: ScanReader,
    @Inject(FILE_STORAGE) private readonly storage: FileStorage,
    @Inject(INGEST_CONFIG) private readonly config: IngestConfig,
  ) {}

  async work({ document, signal, report }: StageRun): Promise<void> {
    await using folder = await this.folders.make();
    const path = join(folder.path, 'original');
    await pipeline(await this.storage.read(document.storageKey), createWriteStream(path), { signal });

    const parsedPath = join(folder.path, 'parsed.jsonl');
    const parsed = await parseFile(
      { path, fileName: document.fileName },
      {
        outputPath: parsedPath,
        workDir: folder.path,
        deadlineMs: this.config.PARSE_TIMEOUT_SECONDS * 1000,
        maxRssBytes: this.config.PARSE_MEMORY_MB * 1024 ** 2,
        signal,
      },
    );

    let blocksPath = parsedPath;
    let blockCount = parsed.blockCount;
    if (parsed.scannedPages > 0) {
      blocksPath = join(folder.path, 'blocks.jsonl');
      report(SHARE_BEFORE_OCR);
      blockCount = await this.scans.replaceScans({ document, signal }, parsedPath, blocksPath, (pages) =>
        report(SHARE_BEFORE_OCR + (1 - SHARE_BEFORE_OCR) * (pages / parsed.scannedPages)),
      );
    }
    if (blockCount === 0) throw new UserError('NO_TEXT');

    await this.storage.write(blocksKey(document.tenantId, document.id), createReadStream(blocksPath), {
      maxBytes: MAX_BLOCKS_BYTES,
      signal,
    });
    await this.database.tenant(async (manager) => {
      if (!(await this.documents.hold(manager, document.id, [this.stage], 'write'))) throw new StageLeft();
      await this.documents.moveTo(manager, document.id, 'CHUNKING', {
        mimeType: parsed.mimeType,
        pageCount: parsed.pageCount,
      });
      await this.jobs.enqueue(manager, STAGE_JOBS.CHUNKING, { documentId: document.id });
    });
    if (parsed.scannedPages > 0) await this.scans.forget(document);
  }
}
