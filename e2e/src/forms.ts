import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDatabase, testRedis } from '@midplane/testing';
import { freePort, type Running, startApp } from './process.js';

/** Midplane as a whole, in one of its two forms. */
export interface Platform {
  url: string;
  adminKey: string;
  /** In base64: the operator's. */
  masterKey: string;
  home: string;
  /** Ends everything in order and starts it again on the same data. */
  restart(): Promise<void>;
  /** Ends, as a crash would, the process that parses and embeds; and brings one back. */
  crashIngest(): Promise<void>;
  close(): Promise<void>;
}

const newKey = () => `mp_${randomBytes(32).toString('base64url')}`;
const newMasterKey = () => randomBytes(32).toString('base64');

/** Everything in one process, on the embedded database. */
export async function embedded(): Promise<Platform> {
  const home = await mkdtemp(join(tmpdir(), 'midplane-e2e-'));
  const adminKey = newKey();
  const port = await freePort();
  const masterKey = newMasterKey();
  const env = { MIDPLANE_HOME: home, MIDPLANE_ADMIN_KEY: adminKey, MIDPLANE_MASTER_KEY: masterKey };
  const start = () => startApp('platform', port, env);
  let running = await start();
  return {
    url: running.url,
    adminKey,
    masterKey,
    home,
    restart: async () => {
      await running.stop();
      running = await start();
    },
    crashIngest: async () => {
      await running.kill();
      running = await start();
    },
    close: async () => {
      await running.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

const SERVICES = ['inference', 'ingest', 'models', 'retrieval', 'sessions'] as const;

/** A process for each service, over HTTP, on a real Postgres 18 and a real Redis. */
export async function distributed(): Promise<Platform> {
  const home = await mkdtemp(join(tmpdir(), 'midplane-e2e-'));
  const [database, redis] = await Promise.all([testDatabase(), testRedis()]);
  const adminKey = newKey();
  const masterKey = newMasterKey();
  const ports = new Map<string, number>();
  for (const name of [...SERVICES, 'gateway']) ports.set(name, await freePort());
  const urls = SERVICES.map((name) => [`${name.toUpperCase()}_URL`, `http://127.0.0.1:${ports.get(name)}`]);
  const shared = {
    MIDPLANE_HOME: home,
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    MIDPLANE_MASTER_KEY: masterKey,
    MIDPLANE_ADMIN_KEY: adminKey,
    ...Object.fromEntries(urls),
  };
  const running = new Map<string, Running>();
  const start = async (name: string) => {
    running.set(name, await startApp(name, ports.get(name)!, shared));
  };
  const startAll = () => Promise.all([...ports.keys()].map(start));
  const stopAll = () => Promise.all([...running.values()].map((process) => process.stop()));
  await startAll();
  return {
    url: running.get('gateway')!.url,
    adminKey,
    masterKey,
    home,
    restart: async () => {
      await stopAll();
      await startAll();
    },
    crashIngest: async () => {
      await running.get('ingest')!.kill();
      await start('ingest');
    },
    close: async () => {
      await stopAll();
      await Promise.all([database.close(), redis.close()]);
      await rm(home, { recursive: true, force: true });
    },
  };
}
