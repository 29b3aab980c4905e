import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client } from 'pg';
import { freePort, supervise, untilReady } from './process.ts';
import { findPostgres } from './postgres-engines.ts';

/** How a Postgres server is started. */
export interface PostgresOptions {
  /** Folder of the cluster, made where it is missing and kept at the end. Default: a temporary one, removed. */
  dataDir?: string;
  /** Server settings, as in postgresql.conf: `{ shared_buffers: '4GB' }`. */
  settings?: Record<string, string>;
  /** False gives up durability for speed: for tests only, whose data nobody misses. Default true. */
  durable?: boolean;
}

/** A running Postgres 18. */
export interface PostgresServer {
  /** Connection string of a superuser. */
  url: string;
  /** Ends the server; without a `dataDir` its data is gone. */
  stop(): Promise<void>;
}

const USER = 'midplane';

const volatileSettings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/**
 * Starts Postgres 18 with pgvector and pg_textsearch on a free loopback port, with a generated password. It ends
 * with this process, however that ends.
 *
 * @throws Error that says what to do where no Postgres 18 can be had.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const engine = findPostgres();
  const dir = options.dataDir ? resolve(options.dataDir) : mkdtempSync(join(tmpdir(), 'midplane-postgres-'));
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const password = passwordOf(dir);
  const port = await freePort();
  const url = `postgres://${USER}:${password}@127.0.0.1:${port}/postgres`;
  const log = join(dir, 'postgres.log');
  const plan = engine.prepare({
    dir,
    port,
    user: USER,
    password,
    settings: {
      shared_preload_libraries: 'pg_textsearch',
      max_connections: '200',
      ...(options.durable === false ? volatileSettings : {}),
      ...options.settings,
    },
  });
  const server = supervise({
    ...plan,
    log,
    remove: [...(plan.remove ?? []), ...(options.dataDir ? [] : [dir])],
  });
  await untilReady(engine.name, server, log, () => checkPostgres(url));
  return { url, stop: () => server.stop() };
}

/** A cluster keeps the password that it was made with beside its data. */
function passwordOf(dir: string): string {
  const file = join(dir, 'password');
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('hex'), { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

/**
 * Checks that a server answers and is what Midplane needs.
 *
 * @throws Error where it does not answer, is older than 18, lacks an extension or its role may not make databases.
 */
export async function checkPostgres(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    const { rows } = await client.query<{ version: number; extensions: string[]; superuser: boolean }>(`
      select current_setting('server_version_num')::int as version,
             array(select name::text from pg_available_extensions where name in ('vector', 'pg_textsearch')) as extensions,
             rolsuper as superuser
      from pg_roles where rolname = current_user`);
    const [found] = rows;
    if (!found || found.version < 180000) throw new Error('Postgres 18 or newer is needed');
    if (found.extensions.length < 2)
      throw new Error('Postgres has not both extensions, vector and pg_textsearch');
    if (!found.superuser)
      throw new Error('the role of the Postgres URL must be a superuser: tests make databases and roles');
  } finally {
    await client.end();
  }
}
