/** @returns the prefix of all that a tenant has in storage */
export const tenantPrefix = (tenantId: string): string => `${tenantId}/`;

/** @returns the prefix of what the stages keep of a document in storage; the original has a key of its own */
export const documentPrefix = (tenantId: string, documentId: string): string =>
  `${tenantPrefix(tenantId)}${documentId}/`;

/** @returns where the blocks are that the parse has read: JSONL, one `TextBlock` a line */
export const blocksKey = (tenantId: string, documentId: string): string =>
  `${documentPrefix(tenantId, documentId)}blocks.jsonl`;
