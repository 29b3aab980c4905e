import { spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  aptInstall,
  dockerAnswers,
  findProgram,
  freePort,
  mayInstall,
  run,
  supervise,
  untilReady,
} from './process.ts';
import type { ServerPlan, Supervised } from './process.ts';

/** A running Redis. */
export interface RedisServer {
  /** Connection string. */
  url: string;
  /** Ends the server; its data is gone. */
  stop(): Promise<void>;
  /** Ends the server and starts an empty one at the same URL: what a lost Redis looks like. */
  restart(): Promise<void>;
}

const dockerImage = 'valkey/valkey:8-alpine';

/** What BullMQ asks of Redis: nothing may be evicted. Nothing is written to disk. */
const settings = { save: '""', appendonly: 'no', 'maxmemory-policy': 'noeviction' };

/**
 * Starts Redis (or Valkey) on a free loopback port with a generated password. It ends with this process, however
 * that ends.
 *
 * @throws Error that says what to do where no Redis can be had.
 */
export async function startRedis(): Promise<RedisServer> {
  const program = findRedis();
  const port = await freePort();
  const password = randomBytes(24).toString('hex');
  const start = async (): Promise<Supervised> => {
    const dir = mkdtempSync(join(tmpdir(), 'midplane-redis-'));
    const log = join(dir, 'redis.log');
    const server = supervise({ ...planOf(program, dir, port, password), log, remove: [dir] });
    await untilReady('Redis', server, log, () => ping(port, password));
    return server;
  };
  let server = await start();
  return {
    url: `redis://:${password}@127.0.0.1:${port}`,
    stop: () => server.stop(),
    restart: async () => {
      await server.stop();
      server = await start();
    },
  };
}

/** Path of a Redis server's program, or 'docker'; installs one where there is none. */
function findRedis(): string {
  const find = () => findProgram('redis-server') ?? findProgram('valkey-server');
  const there = find();
  if (there) return there;
  let failure = '';
  if (mayInstall()) {
    console.error('Installing Redis (a few seconds, once) …');
    try {
      aptInstall('redis-server');
      return find()!;
    } catch (error) {
      failure = `\nTried and failed: ${(error as Error).message}`;
    }
  }
  if (dockerAnswers()) return 'docker';
  throw new Error(
    'No Redis can be had here: put redis-server or valkey-server on the PATH, set MIDPLANE_TEST_REDIS_URL, ' +
      `run this as root on Debian or Ubuntu, or start Docker.${failure}`,
  );
}

function planOf(program: string, dir: string, port: number, password: string): Omit<ServerPlan, 'log'> {
  const inDocker = program === 'docker';
  // The password goes through a file: arguments can be read by every user of the machine.
  const lines = Object.entries({
    ...settings,
    bind: inDocker ? '0.0.0.0' : '127.0.0.1',
    port: inDocker ? 6379 : port,
    requirepass: password,
    dir: inDocker ? '/data' : dir,
  }).map(([name, value]) => `${name} ${value}`);
  const file = join(dir, 'redis.conf');
  // The container's user is not ours, so it reads the file as "others"; its folder is closed to them.
  writeFileSync(file, lines.join('\n'), { mode: inDocker ? 0o644 : 0o600 });
  if (!inDocker) return { command: program, args: [file], signal: 'SIGTERM' };
  if (spawnSync('docker', ['image', 'inspect', dockerImage], { stdio: 'ignore' }).status !== 0) {
    run('docker', ['pull', '--quiet', dockerImage]);
  }
  const container = `midplane-redis-${randomUUID()}`;
  return {
    command: 'docker',
    args: [
      ...['run', '--rm', '--name', container, '--volume', `${file}:/etc/midplane-redis.conf:ro`],
      ...['--publish', `127.0.0.1:${port}:6379`, dockerImage, 'valkey-server', '/etc/midplane-redis.conf'],
    ],
    signal: 'SIGTERM',
    cleanup: ['docker', 'rm', '--force', container],
  };
}

function ping(port: number, password: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(2_000, () => socket.destroy(new Error('Redis does not answer')));
    let answer = '';
    socket.on('connect', () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    socket.on('data', (data) => {
      answer += data.toString();
      if (answer.includes('+PONG')) {
        socket.end();
        resolve();
      } else if (answer.includes('-')) {
        socket.destroy(new Error(answer.trim()));
      }
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('Redis closed the connection')));
  });
}
