import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DocumentView, KnowledgeBaseView, Metadata } from '@midplane/contracts';
import { currentContext, type Kernel, newId } from '@midplane/kernel';

export interface TestUpload {
  knowledgeBaseId: string;
  fileName: string;
  content: string | Uint8Array | Readable;
  title?: string;
  readers?: string[];
  metadata?: Metadata;
}

/** Makes a knowledge base with the default embedder. Runs in a request context, as all of these do. */
export function createKnowledgeBase(
  kernel: Kernel,
  options: { name?: string; embeddingModel?: string } = {},
): Promise<KnowledgeBaseView> {
  return kernel.registry
    .client('ingest')
    .createKnowledgeBase({ ...options, name: options.name ?? `base ${newId()}` });
}

/** Brings a file into storage and hands it to ingest, as the gateway does with an upload. */
export async function uploadDocument(
  kernel: Kernel,
  { knowledgeBaseId, fileName, content, ...rest }: TestUpload,
): Promise<{ document: DocumentView; created: boolean }> {
  const storageKey = `${currentContext().principal.tenantId}/uploads/${newId()}`;
  const bytes = content instanceof Readable ? content : Readable.from([Buffer.from(content)]);
  const written = await kernel.storage.write(storageKey, bytes, { maxBytes: 1e9 });
  return kernel.registry
    .client('ingest')
    .addDocument({ knowledgeBaseId, file: { storageKey, fileName, ...written }, ...rest });
}

/** Waits until a document is READY or FAILED. @throws Error where it is gone */
export async function settledDocument(kernel: Kernel, id: string): Promise<DocumentView> {
  for (;;) {
    const document = await kernel.registry.client('ingest').document({ id });
    if (!document) throw new Error(`The document ${id} is gone.`);
    if (document.status === 'READY' || document.status === 'FAILED') return document;
    await sleep(50);
  }
}

/** Uploads a file and waits until it is READY or FAILED. */
export async function ingestDocument(kernel: Kernel, upload: TestUpload): Promise<DocumentView> {
  const { document } = await uploadDocument(kernel, upload);
  return settledDocument(kernel, document.id);
}
