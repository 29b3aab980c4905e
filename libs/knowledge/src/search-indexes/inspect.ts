import { SEARCH_INDEXES, type SearchIndex } from './definitions.js';
import type { Session } from './sessions.js';

/**
 * What an index needs: nothing, to be built where it is missing, again where a build broke off (Postgres then keeps an
 * index that is written to but never read), or again where it was built with other settings than today's.
 */
export type IndexNeed = 'NOTHING' | 'MISSING' | 'BROKEN' | 'OTHER_SETTINGS';

/** An index of the search as it is. */
export interface IndexState {
  name: string;
  table: string;
  kind: SearchIndex['kind'];
  need: IndexNeed;
  /** Of the index on disk. */
  bytes: number;
  /** Rows of its table, as Postgres last counted them. */
  rows: number;
  /** What it was built with; empty where it is missing. */
  options: Record<string, string>;
}

/** What broken builds leave behind: `_new` are ours, `_ccnew` and `_ccold` Postgres's own of `reindex concurrently`. */
const LEFTOVER = /_(new|old|ccnew\d*|ccold\d*)$/;

interface Found {
  name: string;
  table: string;
  valid: boolean;
  bytes: number;
  rows: number;
  options: string[] | null;
}

/** @returns the state of each index of the search, in the order of `SEARCH_INDEXES` */
export async function inspectIndexes(session: Session): Promise<IndexState[]> {
  const tables = SEARCH_INDEXES.map(({ table }) => table);
  const found = await session.query<Found>(
    `select i.relname as name, t.relname as table, x.indisvalid and x.indisready as valid,
       pg_relation_size(i.oid)::float8 as bytes, greatest(t.reltuples, 0)::float8 as rows, i.reloptions as options
     from pg_index x
     join pg_class i on i.oid = x.indexrelid
     join pg_class t on t.oid = x.indrelid
     where t.relname = any ($1) and t.relnamespace = current_schema()::regnamespace`,
    [tables],
  );
  return SEARCH_INDEXES.map((index) => {
    const { name, table, kind } = index;
    const row = found.find((candidate) => candidate.name === name);
    const rows = found.find((candidate) => candidate.table === table)?.rows ?? 0;
    if (!row) return { name, table, kind, need: 'MISSING', bytes: 0, rows, options: {} };
    const options = Object.fromEntries((row.options ?? []).map((option) => option.split('=', 2)));
    return { name, table, kind, need: needOf(index, row.valid, options), bytes: row.bytes, rows, options };
  });
}

function needOf(
  { options: wanted }: SearchIndex,
  valid: boolean,
  options: Record<string, string>,
): IndexNeed {
  if (!valid) return 'BROKEN';
  const same = Object.entries(wanted).every(([option, value]) => options[option] === value);
  return same ? 'NOTHING' : 'OTHER_SETTINGS';
}

/** @returns the names of what broken builds of a table's search index have left behind */
export async function leftoversOf(session: Session, { name, table }: SearchIndex): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `select i.relname as name
     from pg_index x join pg_class i on i.oid = x.indexrelid
     where x.indrelid = to_regclass($1) and i.relname like $2`,
    [table, `${name.replaceAll('_', '\\_')}\\_%`],
  );
  return rows.map((row) => row.name).filter((leftover) => LEFTOVER.test(leftover));
}
