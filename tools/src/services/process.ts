import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const supervisor = fileURLToPath(new URL('../../services/supervise.mjs', import.meta.url));

/** A server to run, as `tools/services/supervise.mjs` takes it. */
export interface ServerPlan {
  command: string;
  args: string[];
  uid?: number;
  gid?: number;
  env?: Record<string, string>;
  /** File that gets what the server writes. */
  log: string;
  /** Signal that ends the server in good order. */
  signal: NodeJS.Signals;
  /** Command run after the server has ended. */
  cleanup?: string[];
  /** Files and folders removed after the server has ended. */
  remove?: string[];
}

/** A server that runs until `stop` is called or this process ends, however it ends. */
export interface Supervised {
  /** Ends the server and resolves once it is gone and what it left is removed. */
  stop(): Promise<void>;
  /** True once the server has ended. */
  ended(): boolean;
}

/** Starts a server under a supervisor that stops it when this process ends. */
export function supervise(plan: ServerPlan): Supervised {
  const child = spawn(process.execPath, [supervisor, JSON.stringify(plan)], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  });
  let gone = false;
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      gone = true;
      resolve();
    });
  });
  child.stdin.on('error', () => undefined);
  child.unref();
  // The pipe must not keep this process alive either: its closing is what stops the server.
  (child.stdin as unknown as { unref(): void }).unref();
  return {
    stop: async () => {
      child.ref();
      child.stdin.end();
      await exited;
    },
    ended: () => gone,
  };
}

/** Runs a command to its end. Throws with its output where it fails. */
export function run(command: string, args: string[], options: { uid?: number; gid?: number } = {}): string {
  const result = spawnSync(command, args, {
    ...options,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 << 20,
  });
  if (result.status === 0) return result.stdout;
  const why =
    result.error?.message ?? `${result.stdout}\n${result.stderr}`.trim().split('\n').slice(-15).join('\n');
  throw new Error(`${command} failed: ${why}`);
}

/** Path of a program on the PATH, or undefined. */
export function findProgram(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/** A TCP port of the loopback interface that nothing listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

/**
 * Waits until `probe` resolves.
 *
 * @throws with the last lines of the log where the server ended first or did not answer within `timeoutMs`.
 */
export async function untilReady(
  name: string,
  server: Supervised,
  log: string,
  probe: () => Promise<void>,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await probe();
    } catch (error) {
      if (server.ended() || Date.now() > deadline) {
        const tail = existsSync(log)
          ? readFileSync(log, 'utf8').trim().split('\n').slice(-15).join('\n')
          : '';
        await server.stop();
        throw new Error(`${name} did not start: ${tail || String(error)}`, { cause: error });
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** True where this process is root on a system with apt: packages can be installed. */
export function mayInstall(): boolean {
  return process.getuid?.() === 0 && findProgram('apt-get') !== undefined;
}

/** Installs a package with apt, which {@link mayInstall} has found. Throws with its output where it fails. */
export function aptInstall(name: string): void {
  const wait = ['-o', 'DPkg::Lock::Timeout=300'];
  run('apt-get', ['update', '-qq', ...wait]);
  const install = ['apt-get', 'install', '-y', '-qq', ...wait, '--no-install-recommends', name];
  run('env', ['DEBIAN_FRONTEND=noninteractive', ...install]);
}

/** True where a Docker engine answers. */
export function dockerAnswers(): boolean {
  if (!findProgram('docker')) return false;
  return (
    spawnSync('docker', ['info', '--format', '{{.ServerVersion}}'], { stdio: 'ignore', timeout: 10_000 })
      .status === 0
  );
}
