import type { ChatResult } from '@midplane/contracts';
import type { EntityManager } from 'typeorm';

/** An answer that is kept. */
export interface CachedAnswer {
  id: string;
  question: string | null;
  embedding: number[] | null;
  result: ChatResult;
  document_ids: string[];
  created_at: Date;
}

const COLUMNS = 'id, question, embedding, result, document_ids, created_at';

/** @returns the answer to exactly this */
export async function findExact(manager: EntityManager, key: Buffer): Promise<CachedAnswer | undefined> {
  const rows = await manager.query<CachedAnswer[]>(
    `select ${COLUMNS} from model_cache where key = $1 and expires_at > now()`,
    [key],
  );
  return rows[0];
}

/** @returns the newest answers to questions that were asked in the same circumstances */
export async function findNear(
  manager: EntityManager,
  scope: Buffer,
  limit: number,
): Promise<CachedAnswer[]> {
  return manager.query<CachedAnswer[]>(
    `select ${COLUMNS} from model_cache
     where scope = $1 and embedding is not null and expires_at > now() order by created_at desc limit $2`,
    [scope, limit],
  );
}

export interface NewCachedAnswer {
  id: string;
  tenantId: string;
  key: Buffer;
  scope: Buffer;
  question: string | null;
  embedding: number[] | null;
  result: ChatResult;
  documentIds: string[];
  createdAt: Date;
  seconds: number;
}

/** Keeps an answer, in the place of an older one to the same. */
export async function addCached(manager: EntityManager, entry: NewCachedAnswer): Promise<void> {
  await manager.query(
    `insert into model_cache (id, tenant_id, key, scope, question, embedding, result, document_ids, created_at,
       expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + $10 * interval '1 second')
     on conflict (tenant_id, key) do update set id = excluded.id, scope = excluded.scope,
       question = excluded.question, embedding = excluded.embedding, result = excluded.result,
       document_ids = excluded.document_ids, created_at = excluded.created_at, expires_at = excluded.expires_at`,
    [
      entry.id,
      entry.tenantId,
      entry.key,
      entry.scope,
      entry.question,
      entry.embedding,
      entry.result,
      entry.documentIds,
      entry.createdAt,
      entry.seconds,
    ],
  );
}

export async function removeCached(manager: EntityManager, id: string): Promise<void> {
  await manager.query('delete from model_cache where id = $1', [id]);
}

/** Removes what is out of date, and the oldest beyond so many. */
export async function trimCache(manager: EntityManager, most: number): Promise<void> {
  await manager.query('delete from model_cache where expires_at <= now()');
  await manager.query(
    'delete from model_cache where id in (select id from model_cache order by created_at desc, id desc offset $1)',
    [most],
  );
}

/** Erases answers that hold words of documents. @returns how many went, and how many are left */
export async function eraseCached(
  manager: EntityManager,
  documentIds: string[],
): Promise<{ erased: number; left: number }> {
  const [, erased] = (await manager.query('delete from model_cache where document_ids && $1::uuid[]', [
    documentIds,
  ])) as [unknown, number];
  const [row] = await manager.query<{ left: number }[]>(
    'select count(*)::int as left from model_cache where document_ids && $1::uuid[]',
    [documentIds],
  );
  return { erased, left: row!.left };
}
