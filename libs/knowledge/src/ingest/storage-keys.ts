/** @returns the prefix of all that a tenant has in storage */
export const tenantPrefix = (tenantId: string): string => `${tenantId}/`;

/** @returns the prefix of what the stages keep of a document in storage; the original has a key of its own */
export const documentPrefix = (tenantId: string, documentId: string): string =>
  `${tenantPrefix(tenantId)}${documentId}/`;

/** @returns where the blocks are that the parse has read: JSONL, one `TextBlock` a line */
export const blocksKey = (tenantId: string, documentId: string): string =>
  `${documentPrefix(tenantId, documentId)}blocks.jsonl`;

/** @returns the prefix of the scanned pages that OCR has read while the parse goes on */
export const scannedPagesPrefix = (tenantId: string, documentId: string): string =>
  `${documentPrefix(tenantId, documentId)}ocr/`;

/** @returns where the lines of a scanned page are: JSON, as inference gives them. @param page 1-based */
export const scannedPageKey = (tenantId: string, documentId: string, page: number): string =>
  `${scannedPagesPrefix(tenantId, documentId)}${page}.json`;
