import type { DocumentFailure, DocumentStatus, IngestStage } from '@midplane/contracts';
import { type EntityManager, In, Not } from 'typeorm';
import { DocumentEntity } from './document.entity.js';

/** For whom documents are read: nobody sees one whose readers name neither them nor a group of theirs. */
export interface Reader {
  /** The user's id and the ids of their groups. */
  ids: string[];
  /** Whether they see every document whatever its readers are. */
  all: boolean;
}

/** Which documents of a knowledge base a list shows. */
export interface DocumentList {
  knowledgeBaseId: string;
  status?: DocumentStatus | undefined;
  /** Id of the last one of the page before. */
  after?: string | undefined;
  limit: number;
}

/** A document with the exact time of its last change, in microseconds since 1970: a Date holds milliseconds only. */
export type ChangedDocument = DocumentEntity & { changedAt: string };

/** What a stage gives to the document when it is done. */
export type StageOutcome = Partial<Pick<DocumentEntity, 'mimeType' | 'pageCount' | 'chunkCount'>>;

const COLUMNS = `d.id, d.tenant_id as "tenantId", d.knowledge_base_id as "knowledgeBaseId", d.title,
  d.file_name as "fileName", d.mime_type as "mimeType", d.size_bytes::float8 as "sizeBytes", d.sha256,
  d.storage_key as "storageKey", d.status, d.stage_progress as "stageProgress", d.failure,
  d.page_count as "pageCount", d.chunk_count as "chunkCount", d.readers, d.metadata,
  d.created_by as "createdBy", d.created_at as "createdAt", d.updated_at as "updatedAt"`;

/** Takes the reader's ids as $1 and whether they see all as $2. */
const VISIBLE = `(d.readers = '{}' or d.readers && $1::text[] or $2::boolean)`;

/** What a reader sees of the corpus. */
export interface CorpusSize {
  documents: Partial<Record<DocumentStatus, number>>;
  /** Of the originals. */
  storedBytes: number;
}

/** Documents of the tenant of the transaction. */
export class DocumentRepository {
  async add(manager: EntityManager, document: DocumentEntity): Promise<void> {
    await manager.insert(DocumentEntity, document);
  }

  /** @returns the document that holds these bytes in the knowledge base already */
  findByContent(
    manager: EntityManager,
    knowledgeBaseId: string,
    sha256: string,
  ): Promise<DocumentEntity | null> {
    return manager.findOneBy(DocumentEntity, { knowledgeBaseId, sha256, status: Not('DELETING') });
  }

  /** @returns whether a document's original is under this key */
  holdsFile(manager: EntityManager, storageKey: string): Promise<boolean> {
    return manager.existsBy(DocumentEntity, { storageKey });
  }

  async findVisible(manager: EntityManager, ids: string[], reader: Reader): Promise<DocumentEntity[]> {
    return manager.query(
      `select ${COLUMNS} from document d where ${VISIBLE} and d.id = any($3::uuid[]) order by d.id`,
      [reader.ids, reader.all, ids],
    );
  }

  listVisible(manager: EntityManager, list: DocumentList, reader: Reader): Promise<DocumentEntity[]> {
    return manager.query(
      `select ${COLUMNS} from document d
       where ${VISIBLE} and d.knowledge_base_id = $3 and ($4::text is null or d.status = $4)
         and ($5::uuid is null or d.id > $5)
       order by d.id limit $6`,
      [reader.ids, reader.all, list.knowledgeBaseId, list.status ?? null, list.after ?? null, list.limit],
    );
  }

  async countVisible(
    manager: EntityManager,
    list: Pick<DocumentList, 'knowledgeBaseId' | 'status'>,
    reader: Reader,
  ): Promise<number> {
    const rows = await manager.query<{ count: number }[]>(
      `select count(*)::int as count from document d
       where ${VISIBLE} and d.knowledge_base_id = $3 and ($4::text is null or d.status = $4)`,
      [reader.ids, reader.all, list.knowledgeBaseId, list.status ?? null],
    );
    return rows[0]!.count;
  }

  /** @returns how many documents a reader sees in each status, and the bytes of their originals */
  async corpusSize(manager: EntityManager, reader: Reader): Promise<CorpusSize> {
    const rows = await manager.query<{ status: DocumentStatus; count: number; bytes: string }[]>(
      `select d.status, count(*)::int as count, sum(d.size_bytes) as bytes
       from document d where ${VISIBLE} group by d.status`,
      [reader.ids, reader.all],
    );
    return {
      documents: Object.fromEntries(rows.map((row) => [row.status, row.count])),
      storedBytes: rows.reduce((sum, row) => sum + Number(row.bytes), 0),
    };
  }

  /** @returns Postgres's time in microseconds since 1970, as a number in text */
  async now(manager: EntityManager): Promise<string> {
    const rows = await manager.query<{ now: string }[]>(
      `select (extract(epoch from clock_timestamp()) * 1000000)::bigint::text as now`,
    );
    return rows[0]!.now;
  }

  /** @param since microseconds since 1970; @returns what changed at or after it, oldest change first */
  changedSince(
    manager: EntityManager,
    knowledgeBaseId: string,
    since: string,
    reader: Reader,
  ): Promise<ChangedDocument[]> {
    return manager.query(
      `select ${COLUMNS}, (extract(epoch from d.updated_at) * 1000000)::bigint::text as "changedAt"
       from document d
       where ${VISIBLE} and d.knowledge_base_id = $3
         and d.updated_at >= to_timestamp($4::float8 / 1000000)
       order by d.updated_at, d.id`,
      [reader.ids, reader.all, knowledgeBaseId, since],
    );
  }

  find(manager: EntityManager, id: string): Promise<DocumentEntity | null> {
    return manager.findOneBy(DocumentEntity, { id });
  }

  /** Reads a document and keeps everybody else from changing it until the transaction ends. */
  findLocked(manager: EntityManager, id: string): Promise<DocumentEntity | null> {
    return manager.findOne(DocumentEntity, { where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  /** Takes a document into a stage, or goes on in it. @returns null where the document is somewhere else by now */
  async begin(manager: EntityManager, id: string, stage: IngestStage): Promise<DocumentEntity | null> {
    const from: DocumentStatus[] = stage === 'PARSING' ? ['QUEUED', 'PARSING'] : [stage];
    const document = await manager.findOne(DocumentEntity, {
      where: { id, status: In(from) },
      lock: { mode: 'for_no_key_update' },
    });
    if (document && document.status !== stage) await this.change(manager, id, { status: stage });
    return document && { ...document, status: stage };
  }

  /**
   * Keeps a document where it is until the transaction ends: what is written meanwhile is of a document that is
   * there and not being erased.
   * @param lock `write` where the transaction moves the document on
   * @returns false where the document is in none of these statuses by now
   */
  async hold(
    manager: EntityManager,
    id: string,
    statuses: readonly DocumentStatus[],
    lock: 'read' | 'write',
  ): Promise<boolean> {
    const rows = await manager.query<unknown[]>(
      `select 1 from document where id = $1 and status = any($2)
       for ${lock === 'read' ? 'share' : 'no key update'}`,
      [id, statuses],
    );
    return rows.length > 0;
  }

  /** Moves a document on to a stage, or to READY; progress begins anew. */
  async moveTo(
    manager: EntityManager,
    id: string,
    status: IngestStage | 'READY',
    outcome: StageOutcome = {},
  ): Promise<void> {
    await this.change(manager, id, { ...outcome, status, stageProgress: 0, failure: null });
  }

  /** @param share 0–1 of the stage; @returns false where the document is somewhere else by now */
  async setProgress(manager: EntityManager, id: string, stage: IngestStage, share: number): Promise<boolean> {
    const [, changed] = (await manager.query(
      `update document set stage_progress = $3, updated_at = clock_timestamp()
       where id = $1 and status = $2`,
      [id, stage, share],
    )) as [unknown, number];
    return changed > 0;
  }

  async isIn(manager: EntityManager, id: string, stage: IngestStage): Promise<boolean> {
    return manager.existsBy(DocumentEntity, { id, status: stage });
  }

  /** Records why a stage can't go on. @returns false where the document is somewhere else by now */
  async fail(manager: EntityManager, id: string, failure: DocumentFailure): Promise<boolean> {
    const [, changed] = (await manager.query(
      `update document set status = 'FAILED', failure = $3, updated_at = clock_timestamp()
       where id = $1 and (status = $2 or ($2 = 'PARSING' and status = 'QUEUED'))`,
      [id, failure.stage, JSON.stringify(failure)],
    )) as [unknown, number];
    return changed > 0;
  }

  /** From now on no search finds it and no stage works on it. */
  async hide(manager: EntityManager, id: string): Promise<void> {
    await this.change(manager, id, { status: 'DELETING', stageProgress: 0, failure: null });
  }

  /** Hides all documents of a knowledge base. @returns the ids of those that were not hidden before */
  async hideAllOf(manager: EntityManager, knowledgeBaseId: string): Promise<string[]> {
    const [rows] = (await manager.query(
      `update document set status = 'DELETING', stage_progress = 0, failure = null, updated_at = clock_timestamp()
       where knowledge_base_id = $1 and status <> 'DELETING' returning id`,
      [knowledgeBaseId],
    )) as [{ id: string }[], number];
    return rows.map((row) => row.id);
  }

  /** @returns ids of the documents of a knowledge base in any of these statuses */
  async idsIn(
    manager: EntityManager,
    knowledgeBaseId: string,
    statuses: readonly DocumentStatus[],
  ): Promise<string[]> {
    const rows = await manager.find(DocumentEntity, {
      select: { id: true },
      where: { knowledgeBaseId, status: In([...statuses]) },
      order: { id: 'ASC' },
    });
    return rows.map((row) => row.id);
  }

  async remove(manager: EntityManager, id: string): Promise<void> {
    await manager.delete(DocumentEntity, { id });
  }

  private async change(manager: EntityManager, id: string, values: Partial<DocumentEntity>): Promise<void> {
    // The clock, not the transaction's start: who follows the changes must not have passed that time already.
    await manager
      .createQueryBuilder()
      .update(DocumentEntity)
      .set({ ...values, updatedAt: () => 'clock_timestamp()' } as object)
      .where({ id })
      .execute();
  }
}
