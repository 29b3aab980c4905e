import type pg from 'pg';
import { buildIndex, SEARCH_INDEXES, type Session } from '@midplane/knowledge';
import { timed } from '../percentiles.ts';
import { memoryOf, type Server } from './server.ts';

export interface IndexBuild {
  seconds: number;
  bytes: number;
  /** Most memory that the server held meanwhile, its page cache included; null where it runs elsewhere. */
  memory: number | null;
}

const sessionOf = (client: pg.Client): Session => ({
  query: async <Row>(sql: string, parameters?: unknown[]) =>
    (await client.query(sql, parameters)).rows as Row[],
});

/** The search's indexes of one dimension. */
export const indexesOf = (dimension: number): string[] =>
  SEARCH_INDEXES.filter(({ kind, name }) => kind === 'bm25' || name === `chunk_vector_${dimension}_hnsw`).map(
    ({ name }) => name,
  );

/** Builds an index as `midplane index --build` does. */
export async function build(
  server: Server,
  [builder, watcher]: pg.Client[],
  name: string,
  say: (line: string) => void,
): Promise<IndexBuild> {
  let memory = server.pid === undefined ? null : 0;
  const watch = setInterval(() => {
    if (server.pid !== undefined) memory = Math.max(memory!, memoryOf(server.pid));
  }, 2000);
  let said = '';
  const [, milliseconds] = await timed(() =>
    buildIndex(sessionOf(builder!), sessionOf(watcher!), name, {
      maintenanceMemory: server.maintenanceMemory,
      onProgress: ({ phase, done }) => {
        const line = `${name}: ${phase}${done === null ? '' : ` ${Math.floor(done * 10) * 10} %`}`;
        if (line !== said) say((said = line));
      },
    }),
  );
  clearInterval(watch);
  const { rows } = await builder!.query<{ bytes: number }>(
    'select pg_relation_size($1::regclass)::float8 as bytes',
    [name],
  );
  return { seconds: milliseconds / 1000, bytes: rows[0]!.bytes, memory };
}
