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

export function sniff(_path: string, _fileName?: string): Promise<MimeType> {
  throw new Error('being built');
}
