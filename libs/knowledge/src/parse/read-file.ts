import type { Reading } from './reading.js';
import { MIME_TYPES, type MimeType } from './sniff.js';
import { detectEncoding, readHead } from './text/encoding.js';

/** Reads a file of a known type, block by block. Each reader's library is loaded only when it is needed. */
export async function readFile(
  path: string,
  mimeType: MimeType,
  reading: Reading,
  memoryLimit: number,
): Promise<void> {
  const encoding = (): string => detectEncoding(readHead(path)) ?? 'utf-8';
  switch (mimeType) {
    case MIME_TYPES.pdf: {
      const { readPdf } = await import('./pdf/read-pdf.js');
      return readPdf(path, reading, memoryLimit);
    }
    case MIME_TYPES.docx: {
      const { readDocx } = await import('./ooxml/read-docx.js');
      return readDocx(path, reading);
    }
    case MIME_TYPES.pptx: {
      const { readPptx } = await import('./ooxml/read-pptx.js');
      return readPptx(path, reading);
    }
    case MIME_TYPES.xlsx: {
      const { readXlsx } = await import('./ooxml/read-xlsx.js');
      return readXlsx(path, reading);
    }
    case MIME_TYPES.csv:
    case MIME_TYPES.tsv: {
      const { readCsv } = await import('./text/read-csv.js');
      return readCsv(path, encoding(), reading, mimeType === MIME_TYPES.tsv);
    }
    case MIME_TYPES.markdown: {
      const { readMarkdown } = await import('./markup/read-markdown.js');
      return readMarkdown(path, encoding(), reading);
    }
    case MIME_TYPES.html: {
      const { readHtml } = await import('./markup/read-html.js');
      return readHtml(path, encoding(), reading);
    }
    case MIME_TYPES.text: {
      const { readText } = await import('./text/read-text.js');
      return readText(path, encoding(), reading);
    }
  }
}
