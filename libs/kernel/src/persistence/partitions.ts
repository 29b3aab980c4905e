import type { DataSource } from 'typeorm';

/** Tables that are partitioned by month on a column of time. */
const MONTHLY_TABLES = ['audit_event', 'model_call'] as const;

/** Months ahead of the present one for which partitions are kept ready. */
const MONTHS_AHEAD = 3;

/** SQLSTATE: rows that belong to the new partition stand in the default one already; there they may stay. */
const ROWS_IN_DEFAULT = '23514';

/**
 * Makes the partitions of this month and the next ones where they are missing. What comes later than the last one
 * is kept by the default partition.
 */
export async function ensureMonthlyPartitions(dataSource: DataSource, now = new Date()): Promise<void> {
  for (const table of MONTHLY_TABLES) {
    for (let ahead = 0; ahead <= MONTHS_AHEAD; ahead += 1) {
      const from = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1));
      const to = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead + 1, 1));
      const name = `${table}_${from.toISOString().slice(0, 7).replace('-', '_')}`;
      await dataSource
        .query(
          `create table if not exists ${name} partition of ${table} for values from ('${from.toISOString()}') to ('${to.toISOString()}')`,
        )
        .catch((error: unknown) => {
          const { driverError } = error as { driverError?: { code?: string } };
          if (driverError?.code !== ROWS_IN_DEFAULT) throw error;
        });
    }
  }
}

/**
 * Drops the partitions of a table that hold nothing younger than so many whole months; the running month counts as
 * the first. Rows of the default partition stay.
 * @param months 1 or more
 * @returns names of what was dropped
 */
export async function dropOldPartitions(
  dataSource: DataSource,
  table: (typeof MONTHLY_TABLES)[number],
  months: number,
  now = new Date(),
): Promise<string[]> {
  const oldest = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months + 1, 1));
  const keep = `${table}_${oldest.toISOString().slice(0, 7).replace('-', '_')}`;
  const rows = await dataSource.query<{ name: string }[]>(
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = $1::regclass and c.relname ~ $2 and c.relname < $3 order by 1`,
    [table, `^${table}_[0-9]{4}_[0-9]{2}$`, keep],
  );
  for (const { name } of rows) await dataSource.query(`drop table if exists ${name}`);
  return rows.map(({ name }) => name);
}
