import { readdirSync, readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { startPostgres } from '../../services/index.ts';

/** Where the bench runs: a database that is its own, empty when it begins. */
export interface Server {
  url: string;
  /** For `maintenance_work_mem` of builds. */
  maintenanceMemory: string;
  /** What was said of its settings. */
  described: string;
  /** Process id of the server where it runs on this machine, and was started for this run. */
  pid: number | undefined;
  stop(): Promise<void>;
}

const GB = 2 ** 30;

/**
 * @param folder where the data of a Postgres that is started stay; undefined: they go with it
 * @returns the server of a URL as it is, or a Postgres started for this run, with settings for this machine
 */
export async function serverOf(url: string | undefined, folder: string | undefined): Promise<Server> {
  if (url !== undefined)
    return {
      url,
      maintenanceMemory: '2GB',
      described: 'the server of DATABASE_URL, with its own settings',
      pid: undefined,
      stop: () => Promise.resolve(),
    };
  const memory = totalmem() / GB;
  const buffers = Math.max(1, Math.floor(memory / 6));
  const maintenance = Math.max(1, Math.floor(memory / 3));
  const postgres = await startPostgres({
    ...(folder === undefined ? {} : { dataDir: folder }),
    settings: {
      shared_buffers: `${buffers}GB`,
      max_wal_size: '16GB',
      checkpoint_timeout: '30min',
      max_parallel_maintenance_workers: '2',
      // The bench does it itself, where it does not disturb.
      autovacuum: 'off',
      // Postgres' default takes a page from disk for four times as dear as the next one, which fits no SSD.
      random_page_cost: '1.1',
    },
  });
  return {
    url: postgres.url,
    maintenanceMemory: `${maintenance}GB`,
    described: `shared_buffers ${buffers} GB, maintenance_work_mem ${maintenance} GB, random_page_cost 1.1`,
    pid: newestPostmaster(),
    stop: () => postgres.stop(),
  };
}

/** @returns the process id of the Postgres server that was started last on this machine */
function newestPostmaster(): number | undefined {
  const servers = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandOf(name).includes('postgres\0-D\0'))
    .map((name) => ({ pid: Number(name), begun: Number(fieldsOf(name)[19]) }));
  return servers.sort((a, b) => b.begun - a.begun)[0]?.pid;
}

/** Memory of a server and its processes, which share most of it. @returns bytes, each page counted once */
export function memoryOf(server: number): number {
  const processes = readdirSync('/proc').filter(
    (name) => name === String(server) || (/^\d+$/.test(name) && fieldsOf(name)[1] === String(server)),
  );
  return processes.reduce((sum, pid) => sum + proportionalOf(pid), 0);
}

function proportionalOf(pid: string): number {
  const found = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`));
  return found ? Number(found[1]) * 1024 : 0;
}

const commandOf = (pid: string): string => read(`/proc/${pid}/cmdline`);

/** What stands behind the command's name in `stat`: state, parent, … */
const fieldsOf = (pid: string): string[] => read(`/proc/${pid}/stat`).split(') ').at(-1)!.split(' ');

/** A process may end while it is looked at. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
