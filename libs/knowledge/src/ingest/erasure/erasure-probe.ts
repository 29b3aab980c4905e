import type { SearchMode } from '@midplane/contracts';
import {
  Database,
  FILE_STORAGE,
  type FileStorage,
  sentences,
  ServiceRegistry,
  UserError,
} from '@midplane/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { ChunkRepository } from '../chunks/chunk.repository.js';
import type { DocumentEntity } from '../documents/document.entity.js';
import { documentPrefix } from '../storage-keys.js';

/** Passages of a document that the search is asked for after the erasure. */
const SAMPLES = 3;
const SAMPLE_LENGTH = 300;
const TOP_K = 20;
const CHANNELS: SearchMode[] = ['LEXICAL', 'VECTOR'];

/** Looks for what is left of a document. */
@Injectable()
export class ErasureProbe {
  constructor(
    private readonly database: Database,
    private readonly chunks: ChunkRepository,
    private readonly registry: ServiceRegistry,
    @Inject(FILE_STORAGE) private readonly storage: FileStorage,
  ) {}

  /** @returns sentences of the document's own, to be taken before its erasure; few or none of a document in parts */
  async samplesOf(documentId: string): Promise<string[]> {
    const chunks = await this.database.tenant((manager) =>
      this.chunks.sampleOf(manager, documentId, SAMPLES),
    );
    return chunks.map(({ text }) => {
      const longest = sentences(text).reduce(
        (best, { text: sentence }) => (sentence.length > best.length ? sentence : best),
        '',
      );
      return (longest || text).slice(0, SAMPLE_LENGTH);
    });
  }

  /**
   * @param samples of {@link samplesOf}
   * @returns what was found of the document, and what could not be looked at, by name and number; empty: it is gone
   */
  async residueOf(document: DocumentEntity, samples: string[]): Promise<Record<string, number | string>> {
    const counts = await this.database.tenant((manager) => this.chunks.countOf(manager, document.id));
    const prefix = documentPrefix(document.tenantId, document.id);
    const residue: Record<string, number | string> = {
      ...counts,
      files: (await this.filesUnder(prefix)) + (await this.filesUnder(document.storageKey)),
    };
    for (const mode of CHANNELS)
      residue[`${mode.toLowerCase()}Hits`] = await this.hits(document, mode, samples);
    return Object.fromEntries(Object.entries(residue).filter(([, found]) => found !== 0));
  }

  private async filesUnder(prefix: string): Promise<number> {
    let count = 0;
    for await (const _ of this.storage.list(prefix)) count++;
    return count;
  }

  /** @returns how many hits are of the document, or the code of why that can't be told */
  private async hits(
    { id, knowledgeBaseId }: DocumentEntity,
    mode: SearchMode,
    samples: string[],
  ): Promise<number | string> {
    const { search } = this.registry.client('retrieval');
    try {
      let found = 0;
      for (const query of samples) {
        const { hits } = await search({
          query,
          knowledgeBaseIds: [knowledgeBaseId],
          topK: TOP_K,
          mode,
          rerank: false,
        });
        found += hits.filter((hit) => hit.documentId === id).length;
      }
      return found;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      // These two say that the search gives nothing at all of this knowledge base.
      if (error.code === 'KNOWLEDGE_BASE_NOT_FOUND' || error.code === 'EMBEDDER_MISMATCH') return 0;
      return error.code;
    }
  }
}
