import type { ClientBase } from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { currentContext } from '../context/request-context.js';
import { type CopiedRow, copyRows } from './copy-rows.js';
import type { DatabaseRole } from './roles.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const SETTING = /^[a-z_]+(\.[a-z_]+)?$/;

/** Postgres settings for one transaction, such as `hnsw.ef_search`. */
export type TransactionSettings = Record<string, string | number>;

/**
 * The only way to the data. Each piece of work is one transaction under a role that row-level security binds; the
 * role and the tenant are local to the transaction, so a pooled connection never carries them on.
 */
export class Database {
  constructor(readonly dataSource: DataSource) {}

  /**
   * Work on the rows of the running call's tenant.
   * @param settings Postgres settings for this transaction
   * @throws Error outside of a request context; whatever `work` throws, after rolling back
   */
  tenant<T>(work: (manager: EntityManager) => Promise<T>, settings: TransactionSettings = {}): Promise<T> {
    const { tenantId } = currentContext().principal;
    return this.transaction('midplane_app', tenantId, settings, work);
  }

  /**
   * A query on the rows of the running call's tenant that reads columns of many bytes.
   * @param onRow gets each row as it comes; its columns are only there until it returns
   * @throws as {@link copyRows}
   */
  copyEach(
    text: string,
    values: readonly unknown[],
    settings: TransactionSettings,
    onRow: (row: CopiedRow) => void,
  ): Promise<void> {
    return this.tenant(async ({ queryRunner }) => {
      const client = (await queryRunner!.connect()) as ClientBase;
      await copyRows(client, text, values, onRow);
    }, settings);
  }

  /** Work on the rows of a named tenant, for what runs before or outside of a call (start-up, a job's bookkeeping). */
  tenantOf<T>(tenantId: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.transaction('midplane_app', tenantId, {}, work);
  }

  /** Work across tenants under one of the two narrow roles that may do so. */
  as<T>(
    role: Exclude<DatabaseRole, 'midplane_app'>,
    work: (manager: EntityManager) => Promise<T>,
  ): Promise<T> {
    return this.transaction(role, undefined, {}, work);
  }

  private async transaction<T>(
    role: DatabaseRole,
    tenantId: string | undefined,
    settings: TransactionSettings,
    work: (manager: EntityManager) => Promise<T>,
  ): Promise<T> {
    const scope = scopeStatement(role, tenantId, settings);
    const runner = this.dataSource.createQueryRunner();
    try {
      beginWith(runner, scope);
      return await runner.manager.transaction(work);
    } finally {
      await runner.release();
    }
  }
}

/**
 * Lets the runner's first statement, which is TypeORM's own `START TRANSACTION`, set the scope as well: one round trip
 * less for each transaction, and TypeORM still counts its transactions and savepoints itself. Where a part of it
 * fails, the transaction is aborted, so nothing can run in it without the scope.
 */
function beginWith(runner: QueryRunner, scope: string): void {
  const query = runner.query.bind(runner);
  const begin = (statement: string) => {
    runner.query = query;
    return query(`${statement}; ${scope}`);
  };
  // Apart from its making, for the reason that LinkedAbort names.
  runner.query = begin;
}

/** Goes in one message with others, so its parts can't be parameters: each is checked against its form. */
function scopeStatement(
  role: DatabaseRole,
  tenantId: string | undefined,
  settings: TransactionSettings,
): string {
  const parts = [`set local role ${role}`];
  if (tenantId !== undefined) {
    if (!UUID.test(tenantId)) throw new Error('The tenant id is not a UUID.');
    parts.push(`set local app.tenant_id = '${tenantId}'`);
  }
  for (const [name, value] of Object.entries(settings)) {
    if (!SETTING.test(name) || !/^[\w.]+$/.test(String(value))) throw new Error(`Not a setting: ${name}`);
    parts.push(`set local ${name} = '${value}'`);
  }
  return parts.join('; ');
}
