import { createStatement, SEARCH_INDEXES, type SearchIndex } from './definitions.js';
import { inspectIndexes, leftoversOf } from './inspect.js';
import { type BuildProgress, watchBuild } from './progress.js';
import type { Session } from './sessions.js';

export interface BuildOptions {
  /** Of Postgres, such as `8GB`: a graph that fits into it is built several times as fast. Default: the server's. */
  maintenanceMemory?: string | undefined;
  /** Processes that help. Default: the server's. */
  workers?: number | undefined;
  onProgress?: (progress: BuildProgress) => void;
}

/** Another session builds indexes already. */
export class BuildRunning extends Error {}

/** An index could not be built; what of it was begun is removed, and what was there before is still in use. */
export class BuildFailed extends Error {}

/** Taken while indexes are built, so that two builds don't clean up each other's work. Any fixed number does. */
const LOCK = 7_205_759_403;

/**
 * Builds an index of the search, again where it is there. The table is read and written meanwhile, and searches use
 * the index that was there until the new one is complete: `reindex concurrently` where the settings stay, a second
 * index that takes the first one's name where they change.
 * @param builder a session outside of a transaction, of the role that owns the tables
 * @param watcher a second one
 * @throws BuildRunning, BuildFailed
 */
export async function buildIndex(
  builder: Session,
  watcher: Session,
  name: string,
  { maintenanceMemory, workers, onProgress = () => undefined }: BuildOptions = {},
): Promise<void> {
  const index = SEARCH_INDEXES.find((known) => known.name === name);
  if (!index) throw new Error(`There is no search index ${name}.`);
  const [lock] = await builder.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [LOCK]);
  if (!lock!.taken) throw new BuildRunning('Another session builds indexes of this database.');
  try {
    await set(builder, 'maintenance_work_mem', maintenanceMemory);
    await set(builder, 'max_parallel_maintenance_workers', workers?.toString());
    await removeLeftovers(builder, index);
    const [{ pid }] = (await builder.query('select pg_backend_pid() as pid')) as [{ pid: number }];
    const watch = watchBuild(watcher, pid, onProgress);
    try {
      await build(builder, index);
    } catch (error) {
      await removeLeftovers(builder, index);
      throw new BuildFailed((error as Error).message, { cause: error });
    } finally {
      await watch.stop();
    }
  } finally {
    await builder.query('select pg_advisory_unlock($1)', [LOCK]);
  }
}

async function build(builder: Session, index: SearchIndex): Promise<void> {
  const { name } = index;
  const state = await stateOf(builder, name);
  if (state.need === 'NOTHING') await builder.query(`reindex index concurrently ${name}`);
  else if (state.need === 'OTHER_SETTINGS') await replace(builder, index);
  else {
    // What broke off is no help to a search; under its name the new one is built.
    await builder.query(`drop index concurrently if exists ${name}`);
    await builder.query(createStatement(index, name));
  }
  if ((await stateOf(builder, name)).need !== 'NOTHING')
    throw new Error(`${name} is not as it should be after its build`);
}

/** Renaming takes no lock that a search would wait for. */
async function replace(builder: Session, index: SearchIndex): Promise<void> {
  const { name } = index;
  await builder.query(createStatement(index, `${name}_new`));
  await builder.query(
    `begin; alter index ${name} rename to ${name}_old; alter index ${name}_new rename to ${name}; commit`,
  );
  await builder.query(`drop index concurrently ${name}_old`);
}

async function stateOf(session: Session, name: string) {
  return (await inspectIndexes(session)).find((state) => state.name === name)!;
}

async function removeLeftovers(builder: Session, index: SearchIndex): Promise<void> {
  for (const leftover of await leftoversOf(builder, index))
    await builder.query(`drop index concurrently if exists ${leftover}`);
}

async function set(builder: Session, setting: string, value: string | undefined): Promise<void> {
  if (value !== undefined) await builder.query(`select set_config($1, $2, false)`, [setting, value]);
}
