import { openAsBlob } from 'node:fs';
import { ServiceRegistry } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import { readBlocks, type ScanBlock, type TextBlock, writeBlocks } from '../../parse/index.js';
import { blocksOfScan } from './scan-blocks.js';

/** Puts the text of scanned pages, as OCR reads it, in the place of their pictures. */
@Injectable()
export class ScanReader {
  constructor(private readonly registry: ServiceRegistry) {}

  /**
   * @param from JSONL of blocks, those of scanned pages among them; @param to JSONL of text blocks only
   * @param done called with the number of scanned pages read so far
   * @returns how many blocks were written
   * @throws UserError MODEL_UNAVAILABLE and what else inference throws
   */
  async replaceScans(
    from: string,
    to: string,
    signal: AbortSignal,
    done: (pages: number) => void,
  ): Promise<number> {
    let pages = 0;
    const readScan = (scan: ScanBlock) => this.readScan(scan, signal);
    async function* withText(): AsyncGenerator<TextBlock> {
      for await (const block of readBlocks(from)) {
        signal.throwIfAborted();
        if (block.kind !== 'scan') {
          yield block;
          continue;
        }
        yield* await readScan(block);
        done(++pages);
      }
    }
    return writeBlocks(to, withText());
  }

  private async readScan(scan: ScanBlock, signal: AbortSignal): Promise<TextBlock[]> {
    const image = await openAsBlob(scan.image, { type: 'image/png' });
    const { lines } = await this.registry.client('inference').ocr({ image }, { signal });
    return blocksOfScan(scan, lines);
  }
}
