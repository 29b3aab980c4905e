import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { currentContext } from '../context/request-context.js';
import { newId } from '../persistence/ids.js';

/** Something that happened and must be provable later. `detail` holds no document text and no secret. */
export interface AuditEntry {
  action: string;
  subject: string;
  decision?: string;
  detail?: Record<string, unknown>;
}

/** The hash that the first event of a tenant is chained to. */
const GENESIS = Buffer.alloc(32);

/**
 * The tenant's ledger: each event holds the hash of the one before it, so that a change or a gap shows. The
 * database role that appends may not update or delete.
 */
export class AuditLog {
  /**
   * Appends an event in the caller's transaction: it is there exactly if the change it tells of is.
   * @returns its id
   */
  async append(manager: EntityManager, entry: AuditEntry): Promise<string> {
    const { principal, traceId } = currentContext();
    await manager.query(
      'insert into audit_head (tenant_id, sequence, hash) values ($1, 0, $2) on conflict do nothing',
      [principal.tenantId, GENESIS],
    );
    const heads = await manager.query<{ sequence: string; hash: Buffer }[]>(
      'select sequence, hash from audit_head where tenant_id = $1 for update',
      [principal.tenantId],
    );
    const { sequence: last, hash: previousHash } = heads[0]!;
    const event = {
      id: newId(),
      tenantId: principal.tenantId,
      sequence: Number(last) + 1,
      at: new Date().toISOString(),
      actor: principal.apiKeyId ?? principal.userId,
      action: entry.action,
      subject: entry.subject,
      decision: entry.decision ?? null,
      traceId,
      detail: entry.detail ?? null,
    };
    const hash = hashOf(previousHash, event);
    await manager.query(
      `insert into audit_event (id, tenant_id, sequence, at, actor, action, subject, decision, trace_id, detail, previous_hash, hash)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      [
        event.id,
        event.tenantId,
        event.sequence,
        event.at,
        event.actor,
        event.action,
        event.subject,
        event.decision,
        event.traceId,
        event.detail,
        previousHash,
        hash,
      ],
    );
    await manager.query('update audit_head set sequence = $2, hash = $3 where tenant_id = $1', [
      principal.tenantId,
      event.sequence,
      hash,
    ]);
    return event.id;
  }
}

/** SHA-256 over the hash before and the event's fields as JSON with sorted keys. */
function hashOf(previous: Buffer, event: Record<string, unknown>): Buffer {
  return createHash('sha256').update(previous).update(canonicalJson(event)).digest();
}

/** JSON with the keys of every object sorted: the same value always gives the same bytes. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
