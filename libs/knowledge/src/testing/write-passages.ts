import { decodeVector } from '@midplane/contracts';
import { type Database, newId, type Principal, type ServiceRegistry } from '@midplane/kernel';
import { asPrincipal } from '@midplane/testing';
import { ChunkRepository } from '../ingest/chunks/chunk.repository.js';
import { cutWords } from '../lexical/index.js';
import { passageText } from '../passage-text.js';

/** A document of one passage. */
export interface WrittenPassage {
  title: string;
  text: string;
  page?: number;
}

/**
 * Makes a knowledge base of documents of one passage each, embedded by what the registry calls inference, as ingest
 * would write it.
 * @returns its id, and those of the chunks in the passages' order
 */
export async function writePassages(
  { database, registry }: { database: Database; registry: ServiceRegistry },
  owner: Principal,
  passages: readonly WrittenPassage[],
): Promise<{ knowledgeBaseId: string; chunkIds: string[] }> {
  const chunks = new ChunkRepository();
  const { tenantId } = owner;
  return asPrincipal(owner, async () => {
    const { id: knowledgeBaseId } = await registry
      .client('ingest')
      .createKnowledgeBase({ name: `passages ${newId()}` });
    const { model, vectors, tokenStates } = await registry.client('inference').embed({
      role: 'passage',
      urgency: 'bulk',
      tokenStates: true,
      texts: passages.map(({ title, text }) => passageText({ headings: [title], text })),
    });
    const chunkIds = passages.map(() => newId());
    await database.tenant(async (manager) => {
      const documentIds = passages.map(() => newId());
      for (const [i, { title }] of passages.entries())
        await manager.query(
          `insert into document (id, tenant_id, knowledge_base_id, title, file_name, mime_type, size_bytes, sha256,
             storage_key, status, created_by, chunk_count)
           values ($1, $2, $3, $4, $5, 'text/plain', 1, $4, $4, 'READY', $6, 1)`,
          [documentIds[i], tenantId, knowledgeBaseId, title, `${title}.txt`, owner.userId],
        );
      const rows = passages.map(({ title, text, page }, i) => ({
        id: chunkIds[i]!,
        tenantId,
        knowledgeBaseId,
        documentId: documentIds[i]!,
        ordinal: 0,
        text,
        headings: [title],
        page: page ?? null,
        boxes: [],
        tokens: 10,
      }));
      await chunks.add(manager, rows);
      await chunks.addPostings(
        manager,
        chunkIds,
        passages.map(({ text }) => cutWords(text)),
      );
      await chunks.addEmbedded(
        manager,
        chunkIds,
        model,
        vectors.map((vector, i) => ({
          vector: decodeVector(vector),
          states: Buffer.from(tokenStates![i]!, 'base64'),
        })),
      );
      await manager.query('update knowledge_base set chunk_count = $2, document_count = $2 where id = $1', [
        knowledgeBaseId,
        passages.length,
      ]);
    });
    return { knowledgeBaseId, chunkIds };
  });
}
