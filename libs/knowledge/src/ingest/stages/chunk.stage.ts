import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  Database,
  FILE_STORAGE,
  type FileStorage,
  Jobs,
  newId,
  ServiceRegistry,
  UserError,
} from '@midplane/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { chunkBlocks, type ChunkDraft } from '../../chunk/index.js';
import { readJsonLines, writeJsonLines } from '../../json-lines.js';
import { readBlocks } from '../../parse/index.js';
import type { ChunkEntity } from '../chunks/chunk.entity.js';
import { ChunkRepository } from '../chunks/chunk.repository.js';
import type { DocumentEntity } from '../documents/document.entity.js';
import { DocumentRepository } from '../documents/document.repository.js';
import { BoundEmbedder } from '../knowledge-bases/bound-embedder.js';
import { blocksKey } from '../storage-keys.js';
import { STAGE_JOBS } from './stage-jobs.js';
import { type Stage, StageLeft, type StageRun } from './stage.js';
import { WorkFolders } from './work-folders.js';

/** Rows in one insert. */
const BATCH = 500;
/** Tokens that a chunk has at most, and what of the embedder's input is kept for prefix and headings. */
const MAX_TOKENS = 384;
const RESERVED_TOKENS = 112;

/**
 * Cuts the blocks into chunks. They are written to a file first: counting tokens asks another service, and no
 * transaction waits for another service.
 */
@Injectable()
export class ChunkStage implements Stage {
  readonly stage = 'CHUNKING';

  constructor(
    private readonly database: Database,
    private readonly documents: DocumentRepository,
    private readonly chunks: ChunkRepository,
    private readonly embedder: BoundEmbedder,
    private readonly registry: ServiceRegistry,
    private readonly jobs: Jobs,
    private readonly folders: WorkFolders,
    @Inject(FILE_STORAGE) private readonly storage: FileStorage,
  ) {}

  async work({ document, signal, report }: StageRun): Promise<void> {
    await using folder = await this.folders.make();
    const blocksPath = join(folder.path, 'blocks.jsonl');
    const blocks = await this.storage.read(blocksKey(document.tenantId, document.id));
    await pipeline(blocks, createWriteStream(blocksPath), { signal });

    const draftsPath = join(folder.path, 'drafts.jsonl');
    const count = await this.writeDrafts(document, blocksPath, draftsPath, signal, report);
    if (count === 0) throw new UserError('NO_TEXT');

    await this.database.tenant(async (manager) => {
      if (!(await this.documents.hold(manager, document.id, [this.stage], 'write'))) throw new StageLeft();
      await this.chunks.removeOf(manager, document.id);
      for await (const batch of batches(readJsonLines<ChunkDraft>(draftsPath), BATCH)) {
        await this.chunks.add(
          manager,
          batch.map((draft) => chunkOf(document, draft)),
        );
      }
      await this.documents.moveTo(manager, document.id, 'EMBEDDING', { chunkCount: count });
      await this.jobs.enqueue(manager, STAGE_JOBS.EMBEDDING, { documentId: document.id });
    });
  }

  private async writeDrafts(
    document: DocumentEntity,
    blocksPath: string,
    draftsPath: string,
    signal: AbortSignal,
    report: StageRun['report'],
  ): Promise<number> {
    const embedder = await this.embedder.of(document.knowledgeBaseId);
    const { maxTokens } = await this.embedder.describe(embedder);
    const inference = this.registry.client('inference');
    const drafts = chunkBlocks(readBlocks(blocksPath), {
      maxTokens: Math.max(32, Math.min(MAX_TOKENS, maxTokens - RESERVED_TOKENS)),
      countTokens: async (texts) =>
        (await inference.countTokens({ model: embedder.name, texts }, { signal })).counts,
    });
    async function* reported(): AsyncGenerator<ChunkDraft> {
      for await (const draft of drafts) {
        signal.throwIfAborted();
        // How many there will be is not known; pages are, where there are any.
        if (document.pageCount && draft.page) report(draft.page / document.pageCount);
        yield draft;
      }
    }
    return writeJsonLines(draftsPath, reported());
  }
}

function chunkOf(document: DocumentEntity, draft: ChunkDraft): ChunkEntity {
  const { tenantId, knowledgeBaseId, id: documentId } = document;
  return { id: newId(), tenantId, knowledgeBaseId, documentId, ...draft };
}

async function* batches<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    if (batch.push(item) < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
