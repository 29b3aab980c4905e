import { newId, type Principal } from '@midplane/kernel';

/** A group that may read a third of the documents. */
export const READING_GROUP = newId();

/**
 * Writes a knowledge base of documents of which every fifth is not ready; a third is read by {@link READING_GROUP} and
 * another group, a third by somebody else, the rest by all. Their metadata have a `number`, from 1 on.
 * @param query runs in the tenant of the administrator
 * @returns the ids
 */
export async function partlyReadable(
  query: (sql: string, values: unknown[]) => Promise<unknown>,
  { tenantId, userId }: Principal,
  count: number,
): Promise<{ base: string; documents: string[] }> {
  const base = newId();
  const documents = Array.from({ length: count }, newId);
  await query(
    `insert into knowledge_base (id, tenant_id, name, embedding_model, embedding_revision, dimension)
     values ($1, $2, 'b', 'model', '1', 384)`,
    [base, tenantId],
  );
  await query(
    `insert into document (id, tenant_id, knowledge_base_id, title, file_name, mime_type, size_bytes, sha256,
       storage_key, status, created_by, readers, metadata)
     select d.id, $1, $2, 'd', 'f', 'text/plain', 1, d.id, d.id, case when i % 5 = 0 then 'EMBEDDING' else 'READY' end, $3,
       case when i % 3 = 0 then $4::text[] when i % 3 = 1 then '{somebody}'::text[] else '{}'::text[] end,
       jsonb_build_object('number', i)
     from unnest($5::uuid[]) with ordinality as d (id, i)`,
    [tenantId, base, userId, [READING_GROUP, 'another'], documents],
  );
  return { base, documents };
}
