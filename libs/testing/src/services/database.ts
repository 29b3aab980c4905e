import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Database, openDatabase } from '@midplane/kernel';
import { MIGRATIONS } from '@midplane/migrations';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { askForService } from './broker.js';

/** How a test opens its database. */
export interface TestDatabaseOptions {
  /** Entities of the areas under test. */
  entities?: (new () => object)[];
  /** Connections at most. Default 5. */
  poolSize?: number;
}

/** A database of a test's own, brought to the newest migration. */
export interface TestDatabase {
  database: Database;
  /** The same connections as the superuser: it sees the rows of every tenant. */
  dataSource: DataSource;
  /** Closes the connections and removes the database. */
  close(): Promise<void>;
}

/** A test's own database on a real Postgres. */
export interface PostgresTestDatabase extends TestDatabase {
  /** Address as the superuser, for another process or another client. */
  url: string;
}

/**
 * Makes an empty database on a real Postgres 18: a copy of one on which the real migrations ran once. Call it once per
 * test file and close it in `afterAll`.
 *
 * @throws Error with what to do where no Postgres 18 can be had.
 */
export async function testDatabase(options: TestDatabaseOptions = {}): Promise<PostgresTestDatabase> {
  const { url: server } = await askForService<{ url: string }>('/postgres');
  const name = `midplane_test_${randomUUID().replaceAll('-', '')}`;
  await withClient(server, async (client) => {
    const template = await migratedTemplate(server, client);
    await client.query(`create database ${name} template ${template}`);
  });
  const url = addressOf(server, name);
  const opened = await open(url, '', options);
  return {
    url,
    database: new Database(opened.dataSource),
    dataSource: opened.dataSource,
    close: async () => {
      await opened.close();
      await withClient(server, (client) => client.query(`drop database if exists ${name} with (force)`));
    },
  };
}

/** Makes an empty embedded database (PGlite) in a temporary folder: about five seconds. */
export async function embeddedTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const home = mkdtempSync(join(tmpdir(), 'midplane-home-'));
  const opened = await open(undefined, home, options);
  return {
    database: new Database(opened.dataSource),
    dataSource: opened.dataSource,
    close: async () => {
      await opened.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function open(url: string | undefined, home: string, { entities = [], poolSize = 5 }: TestDatabaseOptions) {
  return openDatabase({ url, home, poolSize, migrations: MIGRATIONS, entities });
}

/** Name of the database that others are copied from; makes it where these migrations have not run on the server yet. */
async function migratedTemplate(server: string, client: pg.Client): Promise<string> {
  const name = `midplane_template_${migrationsHash()}`;
  // Test files run side by side, and on a server that was given to us so do whole test runs.
  await client.query(`select pg_advisory_lock(hashtext($1))`, [name]);
  const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
  if (rowCount === 0) {
    const unfinished = `${name}_unfinished`;
    await client.query(`drop database if exists ${unfinished} with (force)`);
    await client.query(`create database ${unfinished}`);
    await (await open(addressOf(server, unfinished), '', {})).close();
    await client.query(`alter database ${unfinished} with allow_connections false`);
    await client.query(`alter database ${unfinished} rename to ${name}`);
  }
  await client.query('select pg_advisory_unlock_all()');
  return name;
}

/** Changes with any file of the migrations, so that a server that outlives a run never serves an old template. */
function migrationsHash(): string {
  const folder = dirname(createRequire(import.meta.url).resolve('@midplane/migrations'));
  const hash = createHash('sha256');
  for (const file of readdirSync(folder)
    .filter((name) => /^\d.*\.[jt]s$/.test(name))
    .sort()) {
    hash.update(file).update(readFileSync(join(folder, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

function addressOf(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
