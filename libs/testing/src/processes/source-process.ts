import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process that a test has started. */
export interface SourceProcess {
  pid: number;
  /** What it wrote to standard error so far. */
  errors(): string;
  /** Ends it at once, as a crash of the machine would; waits until it has ended. */
  kill(): Promise<void>;
}

const REPOSITORY = fileURLToPath(new URL('../../../../', import.meta.url));
const FROM_SOURCE = fileURLToPath(new URL('../../src/processes/from-source.mjs', import.meta.url));

/**
 * Starts a module of the repository, such as `apps/ingest/src/main.ts`, from its source.
 * @param env the whole environment, but for PATH and HOME
 */
export function startFromSource(module: string, env: NodeJS.ProcessEnv): SourceProcess {
  const { PATH, HOME } = process.env;
  const child: ChildProcess = spawn(
    process.execPath,
    ['--conditions=@midplane/source', '--import', FROM_SOURCE, module],
    { cwd: REPOSITORY, env: { PATH, HOME, ...env }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-10_000)));
  const ended = once(child, 'exit');
  return {
    pid: child.pid!,
    errors: () => errors,
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
