import type { BuildProgress, IndexNeed, IndexState } from '@midplane/knowledge';
import logUpdate from 'log-update';
import { CommandError } from '../client/client.js';
import { say } from '../messages.js';
import { bar, bytes, interactive, paint, print, printJson, printTable } from '../output/terminal.js';

export interface IndexOptions {
  /** Builds what is missing, broken or built with other settings. */
  build?: boolean;
  /** Builds what is as it should be as well. */
  rebuild?: boolean;
  memory?: string;
  workers?: number;
  json?: boolean;
}

const NEEDS = {
  NOTHING: 'indexReady',
  MISSING: 'indexMissing',
  BROKEN: 'indexBroken',
  OTHER_SETTINGS: 'indexOtherSettings',
} as const satisfies Record<IndexNeed, Parameters<typeof say>[0]>;

/**
 * `midplane index`: the indexes of the search, and what they need; builds them while searches go on.
 * @returns 1 where an index needs something and is not built
 */
export async function indexes(names: string[], options: IndexOptions, env = process.env): Promise<number> {
  const url = env.DATABASE_URL;
  if (!url) throw new CommandError(say('noDatabaseUrl'));
  if (options.memory !== undefined && !/^\d+(kB|MB|GB)$/.test(options.memory))
    throw new CommandError(say('badMemory', { memory: options.memory }));
  if (options.workers !== undefined && !(Number.isInteger(options.workers) && options.workers >= 0))
    throw new CommandError(say('badWorkers'));
  // The library is large, and no other command needs it.
  const { buildIndex, inspectIndexes, openSessions } = await import('@midplane/knowledge');
  const sessions = await openSessions(url).catch((error: unknown) => {
    throw new CommandError(say('noDatabase', { reason: (error as Error).message }));
  });
  try {
    const states = await inspectIndexes(sessions.builder);
    const unknown = names.find((name) => !states.some((state) => state.name === name));
    if (unknown !== undefined)
      throw new CommandError(
        say('noSuchIndex', { name: unknown, names: states.map(({ name }) => name).join(', ') }),
      );
    const chosen = states.filter(({ name }) => names.length === 0 || names.includes(name));
    const wanted = chosen.filter(
      ({ need }) => options.rebuild === true || (options.build === true && need !== 'NOTHING'),
    );
    for (const { name } of wanted) {
      const begun = performance.now();
      await buildIndex(sessions.builder, sessions.watcher, name, {
        maintenanceMemory: options.memory,
        workers: options.workers,
        onProgress: (progress) => showProgress(name, progress),
      }).catch((error: unknown) => {
        throw new CommandError(say('indexFailed', { name, reason: (error as Error).message }));
      });
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      if (interactive) logUpdate.clear();
      process.stderr.write(`${say('indexBuilt', { name, seconds })}\n`);
    }
    const after = wanted.length === 0 ? chosen : await inspectIndexes(sessions.builder);
    const shown = after.filter(({ name }) => chosen.some((state) => state.name === name));
    show(shown, options.json ?? false);
    return shown.some(({ need }) => need !== 'NOTHING') ? 1 : 0;
  } finally {
    await sessions.close();
  }
}

function showProgress(name: string, { phase, done }: BuildProgress): void {
  if (!interactive) return;
  logUpdate(
    `${name}  ${done === null ? '' : `${bar(done)} ${Math.floor(100 * done)} %  `}${paint.dim(phase)}`,
  );
}

function show(states: IndexState[], json: boolean): void {
  if (json) return printJson(states);
  printTable(
    [say('indexName'), say('indexRows'), say('indexSize'), say('indexState')],
    states.map(({ name, rows, bytes: size, need, options }) => [
      name,
      Math.round(rows).toLocaleString('en'),
      bytes(size),
      `${need === 'NOTHING' ? say(NEEDS[need]) : paint.yellow(say(NEEDS[need]))}${settingsOf(options)}`,
    ]),
  );
  if (states.some(({ need }) => need !== 'NOTHING')) print(`\n${say('indexAdvice')}`);
}

const settingsOf = (options: Record<string, string>): string => {
  const given = Object.entries(options).map(([name, value]) => `${name} ${value}`);
  return given.length > 0 ? ` (${given.join(', ')})` : '';
};
