import { createHash } from 'node:crypto';
import type { EmbeddingModel } from '@midplane/contracts';
import { currentContext, type Database, newId } from '@midplane/kernel';
import { ChunkRepository, cutWords, type EmbeddedPassage } from '@midplane/knowledge';

const BATCH = 500;

/**
 * Makes a knowledge base of passages, each a document of one chunk, written by ingest's own repository. Parse and
 * chunk stages are left out: the sets come cut.
 * @param embedded what `model` made of the passages, in their order
 * @returns the knowledge base's id, and the passages' chunk ids in order
 */
export async function addPassages(
  database: Database,
  name: string,
  model: EmbeddingModel,
  texts: string[],
  embedded: EmbeddedPassage[],
): Promise<{ knowledgeBaseId: string; chunkIds: string[] }> {
  const { tenantId, userId } = currentContext().principal;
  const knowledgeBaseId = newId();
  await database.tenant((manager) =>
    manager.query(
      `insert into knowledge_base (id, tenant_id, name, embedding_model, embedding_revision, dimension,
         document_count, chunk_count)
       values ($1, $2, $3, $4, $5, $6, $7, $7)`,
      [knowledgeBaseId, tenantId, name, model.name, model.revision, model.dimension, texts.length],
    ),
  );
  const chunks = new ChunkRepository();
  const chunkIds: string[] = [];
  for (let at = 0; at < texts.length; at += BATCH) {
    const rows = texts.slice(at, at + BATCH).map((text, i) => ({
      id: newId(),
      tenantId,
      knowledgeBaseId,
      documentId: newId(),
      title: `${name} ${at + i + 1}`,
      sha256: createHash('sha256')
        .update(`${at + i} ${text}`)
        .digest('hex'),
      ordinal: 0,
      text,
      headings: [],
      page: null,
      boxes: [],
      tokens: 0,
    }));
    const ids = rows.map(({ id }) => id);
    await database.tenant(async (manager) => {
      await manager.query(
        `insert into document (id, tenant_id, knowledge_base_id, title, file_name, mime_type, size_bytes, sha256,
           storage_key, status, stage_progress, chunk_count, created_by)
         select d."documentId", d."tenantId", d."knowledgeBaseId", d.title, d.title, 'text/plain', length(d.text),
           d.sha256, d.sha256, 'READY', 1, 1, $2
         from jsonb_to_recordset($1::jsonb) as d ("documentId" uuid, "tenantId" uuid, "knowledgeBaseId" uuid,
           title text, text text, sha256 text)`,
        [JSON.stringify(rows), userId],
      );
      await chunks.add(manager, rows);
      await chunks.addPostings(
        manager,
        ids,
        rows.map(({ text }) => cutWords(text)),
      );
      await chunks.addEmbedded(manager, ids, model, embedded.slice(at, at + BATCH));
    });
    chunkIds.push(...ids);
  }
  return { knowledgeBaseId, chunkIds };
}
