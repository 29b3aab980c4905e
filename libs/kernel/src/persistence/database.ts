import type { ClientBase, QueryResult } from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { currentContext } from '../context/request-context.js';
import { type CopiedRow, copyOf, copyRows } from './copy-rows.js';
import { type Query, withLiterals } from './literals.js';
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
   * A query that reads rows of the running call's tenant, in a transaction of its own that is one round trip: to begin, to
   * ask and to end take one each in {@link tenant}.
   * @throws Error outside of a request context; what Postgres says of the query
   */
  async read<R>(query: Query, settings: TransactionSettings = {}): Promise<R[]> {
    const { tenantId } = currentContext().principal;
    const message = messageOf('read only', tenantId, settings, [withLiterals(query)]);
    const [rows] = await this.send((client) => rowsOf(client, message, 1));
    return rows as R[];
  }

  /**
   * The same for columns of many bytes.
   * @param onRow gets each row as it comes; its columns are only there until it returns
   * @throws as {@link read}, and {@link copyRows}
   */
  async copyEach(
    query: Query,
    settings: TransactionSettings,
    onRow: (row: CopiedRow) => void,
  ): Promise<void> {
    const { tenantId } = currentContext().principal;
    const message = messageOf('read only', tenantId, settings, [copyOf(withLiterals(query))]);
    await this.send((client) => copyRows(client, message, onRow));
  }

  /**
   * Statements on the rows of a named tenant that don't wait for each other's results, all or none of them, in one round
   * trip.
   * @returns the rows of each
   */
  async batchOf(tenantId: string, queries: readonly Query[]): Promise<unknown[][]> {
    const message = messageOf('read write', tenantId, {}, queries.map(withLiterals));
    return this.send((client) => rowsOf(client, message, queries.length));
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

  /** @param work sends a message that is a whole transaction; what fails in the middle of it is rolled back */
  private async send<T>(work: (client: ClientBase) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const client = (await runner.connect()) as ClientBase;
      try {
        return await work(client);
      } catch (error) {
        // A connection that is lost has nothing to roll back.
        await client.query('rollback').catch(() => undefined);
        throw error;
      }
    } finally {
      await runner.release();
    }
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

/**
 * A whole transaction as one message. Postgres ends a message where a statement fails, so none runs outside of the scope,
 * and none of those after it.
 */
function messageOf(
  access: 'read only' | 'read write',
  tenantId: string,
  settings: TransactionSettings,
  statements: string[],
): string {
  const scope = scopeStatement('midplane_app', tenantId, settings);
  return [`start transaction ${access}`, scope, ...statements, 'commit'].join('; ');
}

/** @returns the rows of a message's last statements before its end */
async function rowsOf(client: ClientBase, message: string, statements: number): Promise<unknown[][]> {
  const results = (await client.query(message)) as unknown as QueryResult[];
  return results.slice(-1 - statements, -1).map(({ rows }) => rows as unknown[]);
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
