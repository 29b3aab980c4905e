import type { Session } from './sessions.js';

/** How far a build is, as Postgres says (`pg_stat_progress_create_index`). */
export interface BuildProgress {
  /** Postgres's own name for what it is doing, such as `building index: loading tuples`. */
  phase: string;
  /** Share of this phase that is done, 0 to 1, where Postgres counts it. */
  done: number | null;
}

const INTERVAL_MS = 500;

/**
 * Tells a listener how far the build of another session is, until it is stopped.
 * @param watcher a session of its own
 * @param builder process id of the session that builds
 */
export function watchBuild(
  watcher: Session,
  builder: number,
  onProgress: (progress: BuildProgress) => void,
): { stop(): Promise<void> } {
  let stopped = false;
  let wake: () => void = () => undefined;
  const watching = (async () => {
    while (!stopped) {
      const [row] = await watcher.query<BuildProgress>(
        `select phase, case
           when blocks_total > 0 then least(1, blocks_done::float8 / blocks_total)
           when tuples_total > 0 then least(1, tuples_done::float8 / tuples_total)
         end as done
         from pg_stat_progress_create_index where pid = $1`,
        [builder],
      );
      if (row) onProgress(row);
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, INTERVAL_MS);
      });
    }
  })();
  return {
    stop: () => {
      stopped = true;
      wake();
      return watching;
    },
  };
}
