import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = resolve(import.meta.dirname, '../../..');

/** @returns Node's arguments for a program of `apps`: those of `docker/run-app`, its bundle where there is one */
export function programOf(app: string): string[] {
  const bundle = join(ROOT, 'dist/bundles', app, 'main.js');
  const program = existsSync(bundle) ? bundle : join(ROOT, 'apps', app, 'dist/main.js');
  return ['--import', join(ROOT, 'docker/source-maps.mjs'), '--max-semi-space-size=16', program];
}

/** A program of `apps` in a process of its own, on a database that is given. */
export interface PlatformProcess {
  url: string;
  /** The administrator's API key. */
  key: string;
  pid: number;
  stop(): Promise<void>;
}

/** Starts the platform as `npm start` does, without its sample documents. @param env further variables */
export function startPlatform(databaseUrl: string, env: NodeJS.ProcessEnv = {}): Promise<PlatformProcess> {
  return startApp('platform', databaseUrl, env);
}

/**
 * @param app name of its folder
 * @param env further variables
 * @throws Error with its last words where it does not come up
 */
export async function startApp(
  app: string,
  databaseUrl: string,
  env: NodeJS.ProcessEnv = {},
): Promise<PlatformProcess> {
  const home = await mkdtemp(join(tmpdir(), 'midplane-bench-'));
  await writeFile(join(home, 'samples.done'), '');
  const key = `mp_${randomBytes(24).toString('base64url')}`;
  const port = await freePort();
  const child = spawn(process.execPath, programOf(app), {
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      DATABASE_POOL_SIZE: '20',
      HOST: '127.0.0.1',
      PORT: String(port),
      MIDPLANE_HOME: home,
      MIDPLANE_ADMIN_KEY: key,
      RATE_LIMIT_PER_MINUTE: '1000000',
      LOG_LEVEL: 'error',
      NODE_ENV: 'production',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // A bench that fails half-way leaves nothing running.
  process.once('exit', () => child.kill());
  let words = '';
  child.stderr.on('data', (data: Buffer) => (words = (words + data.toString()).slice(-4000)));
  const exited = once(child, 'exit');
  const stop = async () => {
    if (child.exitCode === null) child.kill('SIGTERM');
    await exited;
    await rm(home, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  for (let waited = 0; child.exitCode === null && waited < 120_000; waited += 200) {
    const ready = await fetch(`${url}/health/ready`).catch(() => undefined);
    if (ready?.ok) return { url, key, pid: child.pid!, stop };
    await sleep(200);
  }
  await stop();
  throw new Error(`The program ${app} did not come up. ${words}`);
}

/** @returns a port that nobody listens on */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
