import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** How long a process may take to answer, in ms: two cores, five processes at once, a new embedded database. */
const START_LIMIT_MS = 120_000;

/** One running process of the product. */
export interface Running {
  url: string;
  /** What it has written so far, to both of its outputs. */
  output(): string;
  /** Ends it in order (SIGTERM), and waits for it. */
  stop(): Promise<void>;
  /** Ends it as a crash would (SIGKILL), and waits for it. */
  kill(): Promise<void>;
}

/**
 * Starts `apps/<name>` as it was built.
 * @param port a free one
 * @param env its environment; nothing else is passed on but the PATH
 * @param program Node's arguments, where it is not the program that tsc built
 * @throws Error with its output where it ends or does not answer in time
 */
export async function startApp(
  name: string,
  port: number,
  env: NodeJS.ProcessEnv,
  program = [`${ROOT}/apps/${name}/dist/main.js`],
): Promise<Running> {
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, program, {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, LOG_LEVEL: 'warn', ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
  const end = (signal: NodeJS.Signals) => async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  const running = { url, output: () => output, stop: end('SIGTERM'), kill: end('SIGKILL') };
  await untilLive(name, running, child);
  return running;
}

async function untilLive(name: string, { url, output, kill }: Running, child: ChildProcess): Promise<void> {
  const limit = Date.now() + START_LIMIT_MS;
  for (;;) {
    const live = await fetch(`${url}/health/live`).then(
      (response) => response.ok,
      () => false,
    );
    if (live) return;
    if (child.exitCode !== null) throw new Error(`${name} ended with code ${child.exitCode}:\n${output()}`);
    if (Date.now() > limit) {
      await kill();
      throw new Error(`${name} did not answer in time:\n${output()}`);
    }
    await sleep(100);
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
