import type { EntityManager } from 'typeorm';

/** Traces of documents outside of the tables of the corpus. */
export class ErasureRepository {
  /** Removes the jobs of a document that nobody runs. One that runs meets a document that is gone, and ends. */
  async removeJobsOf(manager: EntityManager, documentId: string): Promise<void> {
    await manager.query(
      `delete from job where service = 'ingest' and status in ('PENDING', 'DEAD') and payload ->> 'documentId' = $1`,
      [documentId],
    );
  }

  /** @returns the id of the audit event that tells of a subject's erasure, if it has been erased */
  async eventOf(manager: EntityManager, action: string, subject: string): Promise<string | undefined> {
    const rows = await manager.query<{ id: string }[]>(
      'select id from audit_event where action = $1 and subject = $2 order by sequence desc limit 1',
      [action, subject],
    );
    return rows[0]?.id;
  }
}
