import pg from 'pg';
import { DataSource, type DataSourceOptions, type MixedList } from 'typeorm';
import { startEmbeddedPostgres } from './embedded-postgres.js';
import { lockHome } from './home-lock.js';
import { ensureMonthlyPartitions } from './partitions.js';
import { steadySocket } from './steady-socket.js';

/** A class of `migrations/`. */
export type MigrationClass = new () => object;

export interface DatabaseSettings {
  /** Postgres 18; undefined: the embedded one under `home`. */
  url?: string;
  home: string;
  poolSize: number;
  migrations: MigrationClass[];
  entities?: MixedList<string | (new () => object)>;
}

export interface OpenDatabase {
  dataSource: DataSource;
  close(): Promise<void>;
}

/**
 * Opens the database, embedded or not, and brings it to the newest migration.
 * @throws Error where it can't be reached, a migration fails, or another process holds the embedded one
 */
export async function openDatabase(settings: DatabaseSettings): Promise<OpenDatabase> {
  const shared = {
    type: 'postgres',
    driver: pg,
    migrations: settings.migrations,
    migrationsTableName: 'schema_migration',
    migrationsTransactionMode: 'each',
    entities: settings.entities ?? [],
    synchronize: false,
    poolSize: settings.poolSize,
    applicationName: 'midplane',
    // What pg's pool gets as well.
    extra: { stream: steadySocket },
  } satisfies Partial<DataSourceOptions> & { type: 'postgres' };

  if (settings.url) {
    const dataSource = new DataSource({ ...shared, url: settings.url });
    await dataSource.initialize();
    await withMigrationLock(settings.url, () => migrate(dataSource));
    return { dataSource, close: () => dataSource.destroy() };
  }

  const unlock = await lockHome(settings.home);
  const embedded = await startEmbeddedPostgres(settings.home).catch(async (error: unknown) => {
    await unlock();
    throw error;
  });
  const dataSource = new DataSource({
    ...shared,
    host: embedded.socketFolder,
    username: 'postgres',
    database: 'postgres',
  });
  await dataSource.initialize();
  await migrate(dataSource);
  return {
    dataSource,
    close: async () => {
      await dataSource.destroy();
      await embedded.stop();
      await unlock();
    },
  };
}

async function migrate(dataSource: DataSource): Promise<void> {
  await dataSource.runMigrations();
  await ensureMonthlyPartitions(dataSource);
}

/** Several services start at once on one database: the first one migrates, the others wait for it. */
async function withMigrationLock<T>(url: string, work: () => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('create table if not exists schema_migration_lock ()').catch(() => undefined);
    await client.query('begin');
    await client.query('lock table schema_migration_lock in access exclusive mode');
    return await work();
  } finally {
    await client.query('rollback').catch(() => undefined);
    await client.end();
  }
}
