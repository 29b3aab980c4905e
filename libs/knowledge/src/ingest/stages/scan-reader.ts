import { openAsBlob } from 'node:fs';
import { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import type { OcrLine } from '@midplane/contracts';
import { FILE_STORAGE, type FileStorage, ServiceRegistry } from '@midplane/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { readBlocks, type ScanBlock, type TextBlock, writeBlocks } from '../../parse/index.js';
import type { DocumentEntity } from '../documents/document.entity.js';
import { scannedPageKey, scannedPagesPrefix } from '../storage-keys.js';
import { blocksOfScan } from './scan-blocks.js';
import type { StageRun } from './stage.js';

/** The lines of one page are text: what is larger than this is none. */
const MAX_PAGE_BYTES = 16 * 1024 ** 2;

/**
 * Puts the text of scanned pages, as OCR reads it, in the place of their pictures. A page takes seconds, so the lines
 * of each page are kept in storage until the stage has ended: a run after a killed one goes on with the next page.
 */
@Injectable()
export class ScanReader {
  constructor(
    private readonly registry: ServiceRegistry,
    @Inject(FILE_STORAGE) private readonly storage: FileStorage,
  ) {}

  /**
   * @param from JSONL of blocks, those of scanned pages among them
   * @param to JSONL of text blocks only
   * @param done called with the number of scanned pages read so far
   * @returns how many blocks were written
   * @throws UserError MODEL_UNAVAILABLE and what else inference throws
   */
  async replaceScans(
    { document, signal }: Pick<StageRun, 'document' | 'signal'>,
    from: string,
    to: string,
    done: (pages: number) => void,
  ): Promise<number> {
    const known = new Set<string>();
    for await (const key of this.storage.list(scannedPagesPrefix(document.tenantId, document.id)))
      known.add(key);
    let pages = 0;
    const linesOf = async (scan: ScanBlock): Promise<OcrLine[]> => {
      const key = scannedPageKey(document.tenantId, document.id, scan.page);
      return known.has(key)
        ? ((await json(await this.storage.read(key))) as OcrLine[])
        : this.readPage(scan, key, signal);
    };
    async function* withText(): AsyncGenerator<TextBlock> {
      for await (const block of readBlocks(from)) {
        signal.throwIfAborted();
        if (block.kind !== 'scan') {
          yield block;
          continue;
        }
        yield* blocksOfScan(block, await linesOf(block));
        done(++pages);
      }
    }
    return writeBlocks(to, withText());
  }

  /** Forgets the pages of a document whose text is kept elsewhere now. */
  async forget({ tenantId, id }: DocumentEntity): Promise<void> {
    await this.storage.deletePrefix(scannedPagesPrefix(tenantId, id));
  }

  private async readPage(scan: ScanBlock, key: string, signal: AbortSignal): Promise<OcrLine[]> {
    const image = await openAsBlob(scan.image, { type: 'image/png' });
    const { lines } = await this.registry.client('inference').ocr({ image }, { signal });
    await this.storage.write(key, Readable.from([Buffer.from(JSON.stringify(lines))]), {
      maxBytes: MAX_PAGE_BYTES,
      signal,
    });
    return lines;
  }
}
