import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';

/** Longest path that a Unix socket can have on Linux and macOS, less Postgres's own file name. */
const MAX_SOCKET_FOLDER = 85;

/** A running embedded Postgres. */
export interface EmbeddedPostgres {
  /** Folder of its socket: what `pg` takes as host. Only this user may enter it, since there is no password. */
  socketFolder: string;
  stop(): Promise<void>;
}

/**
 * Starts the embedded Postgres (PGlite) on a Unix socket.
 * @param home folder of the data; it is made where it is missing
 * @throws Error when the data can't be opened
 */
export async function startEmbeddedPostgres(home: string): Promise<EmbeddedPostgres> {
  const dataDir = resolve(home, 'postgres');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  let socketFolder = resolve(home, 'run');
  const temporary = socketFolder.length > MAX_SOCKET_FOLDER;
  if (temporary) socketFolder = await mkdtemp(join(tmpdir(), 'midplane-'));
  else await mkdir(socketFolder, { recursive: true, mode: 0o700 });
  const socketPath = join(socketFolder, '.s.PGSQL.5432');
  await rm(socketPath, { force: true });

  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./embedded-postgres.worker.${extension}`, import.meta.url), {
    workerData: { dataDir, socketPath },
  });
  await new Promise<void>((ready, failed) => {
    worker.once('message', () => ready());
    worker.once('error', failed);
    worker.once('exit', (code) => failed(new Error(`The embedded Postgres ended with code ${code}.`)));
  });
  worker.removeAllListeners('exit');

  return {
    socketFolder,
    stop: async () => {
      const exited = once(worker, 'exit');
      worker.postMessage('stop');
      await exited;
      await rm(temporary ? socketFolder : socketPath, { recursive: true, force: true });
    },
  };
}
