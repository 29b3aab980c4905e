/** What every worker thread needs that runs a model of a folder with @huggingface/transformers. */
import { basename, dirname } from 'node:path';
import { env, LogLevel } from '@huggingface/transformers';
import type { Device } from './device.js';

/** @returns the name under which the library finds the model in this thread from now on */
export function useFolder(folder: string): string {
  env.localModelPath = `${dirname(folder)}/`;
  env.allowRemoteModels = false;
  // Where a model fails the library would log its input: the tokens of somebody's text. The error is passed on.
  env.logLevel = LogLevel.NONE;
  return basename(folder);
}

/** The precision of each of several graphs of a model, by the graph's name. */
export type SessionDtypes = Readonly<Record<string, string>>;

/** How a model is loaded. */
export const loadedOn = (device: Device, dtype: string | SessionDtypes, threads: number) => ({
  dtype: dtype as 'q8',
  device,
  session_options: {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Threads that spin between two operations take the cores from the database and the event loop.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  },
});

/** As {@link loadedOn} gives it. */
export type Loading = ReturnType<typeof loadedOn>;

/** Loads once, at the first call; a load that failed is tried again at the next one. */
export function lazily<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () =>
    (loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    }));
}
