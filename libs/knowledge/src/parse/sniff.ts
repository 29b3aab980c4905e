import { extname } from 'node:path';

import { fileTypeFromBuffer } from 'file-type';

import { zipNames } from './ooxml/package.js';
import { ParseError } from './parse-error.js';
import { detectEncoding, readHead } from './text/encoding.js';

/** The formats that can be read. */
export const MIME_TYPES = {
  pdf: 'application/pdf',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  csv: 'text/csv',
  tsv: 'text/tab-separated-values',
  markdown: 'text/markdown',
  html: 'text/html',
  text: 'text/plain',
} as const;

export type MimeType = (typeof MIME_TYPES)[keyof typeof MIME_TYPES];

const TEXT_EXTENSIONS: Record<string, MimeType> = {
  '.csv': MIME_TYPES.csv,
  '.tsv': MIME_TYPES.tsv,
  '.tab': MIME_TYPES.tsv,
  '.md': MIME_TYPES.markdown,
  '.markdown': MIME_TYPES.markdown,
  '.mdx': MIME_TYPES.markdown,
  '.html': MIME_TYPES.html,
  '.htm': MIME_TYPES.html,
  '.xhtml': MIME_TYPES.html,
};

/**
 * Tells a file's type from its bytes. Its name only decides between formats that are all text.
 *
 * @throws ParseError FILE_EMPTY, FILE_TYPE_UNKNOWN, FILE_TYPE_UNSUPPORTED, FILE_PASSWORD, FILE_DAMAGED
 */
export async function sniff(path: string, fileName: string = path): Promise<MimeType> {
  const head = readHead(path);
  if (head.length === 0) throw new ParseError('FILE_EMPTY');
  // Readers of PDF accept up to a kilobyte before the header (ISO 32000-1, annex H.3.4.1).
  if (head.subarray(0, 1024).includes('%PDF-')) return MIME_TYPES.pdf;
  if (head.subarray(0, 4).equals(Buffer.from('PK\x03\x04', 'latin1'))) return sniffZip(path);
  if (head.subarray(0, 8).equals(Buffer.from('d0cf11e0a1b11ae1', 'hex'))) throw compound(head);
  const encoding = detectEncoding(head);
  const known = await fileTypeFromBuffer(head.subarray(0, 8192)).catch(() => undefined);
  const binary = known && !/^(?:text\/|application\/(?:xml|json|x-ndjson|rtf))|\+xml$/.test(known.mime);
  if (encoding === null || binary) {
    if (known) throw new ParseError('FILE_TYPE_UNSUPPORTED', { type: known.ext.toUpperCase() });
    throw new ParseError('FILE_TYPE_UNKNOWN');
  }
  const start = new TextDecoder(encoding).decode(head.subarray(0, 4096)).trimStart();
  if (start.startsWith('{\\rtf')) throw new ParseError('FILE_TYPE_UNSUPPORTED', { type: 'RTF' });
  if (/^(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*<(?:!doctype html|html|head|body)[\s>]/i.test(start))
    return MIME_TYPES.html;
  if (start === '' && head.every((byte) => byte <= 0x20)) throw new ParseError('FILE_EMPTY');
  return TEXT_EXTENSIONS[extname(fileName).toLowerCase()] ?? MIME_TYPES.text;
}

async function sniffZip(path: string): Promise<MimeType> {
  const names = (await zipNames(path)).map((name) => name.toLowerCase());
  // What a damaged archive was meant to be, its directory can no longer say: the first file's name may.
  const known =
    names.length > 0
      ? names
      : [
          readHead(path, 1 << 16)
            .toString('latin1')
            .toLowerCase(),
        ];
  const has = (part: string): boolean => known.some((name) => name.includes(part));
  if (has('word/document')) return MIME_TYPES.docx;
  if (has('ppt/presentation') || has('ppt/slides/')) return MIME_TYPES.pptx;
  if (has('xl/workbook.bin')) throw new ParseError('FILE_TYPE_UNSUPPORTED', { type: 'XLSB' });
  if (has('xl/workbook') || has('xl/worksheets/')) return MIME_TYPES.xlsx;
  if (names.length === 0) throw new ParseError('FILE_DAMAGED', { type: 'ZIP', detail: 'no directory' });
  const type = has('meta-inf/container.xml') ? 'EPUB' : has('content.xml') && has('mimetype') ? 'ODF' : 'ZIP';
  throw new ParseError('FILE_TYPE_UNSUPPORTED', { type });
}

/** A compound file is an encrypted DOCX, PPTX or XLSX ([MS-OFFCRYPTO]), or of Office 97 to 2003. */
function compound(head: Buffer): ParseError {
  const has = (name: string): boolean => head.includes(Buffer.from(name, 'utf16le'));
  if (has('EncryptedPackage')) return new ParseError('FILE_PASSWORD', { type: 'Office' });
  const type = has('WordDocument')
    ? 'DOC'
    : has('Workbook')
      ? 'XLS'
      : has('PowerPoint Document')
        ? 'PPT'
        : 'Office 97–2003';
  return new ParseError('FILE_TYPE_UNSUPPORTED', { type });
}
