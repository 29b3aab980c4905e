import type { DocumentStatus, DocumentView } from '@midplane/contracts';
import { currentContext, may, readerIds } from '@midplane/kernel';
import type { DocumentEntity } from './document.entity.js';
import type { Reader } from './document.repository.js';

/** Where each stage lies between 0 and 1: roughly its share of the time that a document with text takes. */
const STAGE_SPAN: Record<DocumentStatus, [from: number, to: number]> = {
  QUEUED: [0, 0],
  PARSING: [0, 0.15],
  CHUNKING: [0.15, 0.25],
  EMBEDDING: [0.25, 0.9],
  INDEXING: [0.9, 1],
  READY: [1, 1],
  FAILED: [0, 0],
  DELETING: [0, 0],
};

/** @returns how far the document is, 0–1 over all stages; a failed one stays where it failed */
function progressOf({ status, failure, stageProgress }: DocumentEntity): number {
  const [from, to] = STAGE_SPAN[failure?.stage ?? status];
  return Math.min(1, from + (to - from) * stageProgress);
}

/** @returns a document as other services see it */
export function documentView(document: DocumentEntity): DocumentView {
  const { id, knowledgeBaseId, title, mimeType, sizeBytes, sha256, status, failure } = document;
  const { pageCount, chunkCount, readers, createdAt, updatedAt } = document;
  return {
    id,
    knowledgeBaseId,
    title,
    mimeType,
    sizeBytes,
    sha256,
    status,
    progress: progressOf(document),
    failure,
    pageCount,
    chunkCount,
    readers,
    createdAt,
    updatedAt,
  };
}

/** @returns the running call's principal as a reader. Who manages documents sees them all. */
export function currentReader(): Reader {
  return { ids: readerIds(currentContext().principal), all: may('manage', 'Document') };
}
