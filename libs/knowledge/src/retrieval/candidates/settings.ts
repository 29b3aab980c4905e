import type { TransactionSettings } from '@midplane/kernel';
import type { Plan } from './queries.js';

/** A compile of a plan costs more than any of these queries. */
export const SETTINGS: TransactionSettings = { jit: 'off' };

/**
 * What keeps Postgres to the plan that was chosen by the numbers of chunks: its own estimates, of a fresh table or of
 * who may read what, are at times wrong by a thousand times. Wide: in the order of the index, each row's document
 * looked up by its key. Narrow: the documents, then their rows, looked up by document.
 */
export const PLAN_SETTINGS: Record<Plan, TransactionSettings> = {
  wide: { ...SETTINGS, enable_sort: 'off', enable_hashjoin: 'off', enable_mergejoin: 'off' },
  narrow: { ...SETTINGS, enable_seqscan: 'off', enable_hashjoin: 'off', enable_mergejoin: 'off' },
};

/**
 * How HNSW graphs are searched: the more vectors, the wider. The README of `search-indexes` has the figures that chose
 * the values.
 * @param indexed vectors in the graph, about
 */
export const hnswSettings = (indexed: number): TransactionSettings => ({
  ...PLAN_SETTINGS.wide,
  'hnsw.iterative_scan': 'relaxed_order',
  'hnsw.ef_search': indexed <= 50_000 ? 200 : indexed <= 500_000 ? 400 : 800,
  'hnsw.max_scan_tuples': 40_000,
});

/** Most that the index of words may be asked for at once. */
const MOST_READ = 100_000;

/**
 * @param read rows that the index has to give, about: asked for twice as many it takes little longer, asked for fewer it
 *   begins again with twice as many, and again
 * @returns Postgres's settings for the lexical channel's query through its index
 */
export const lexicalSettings = (read: number): TransactionSettings => ({
  ...PLAN_SETTINGS.wide,
  'pg_textsearch.default_limit': Math.min(MOST_READ, Math.max(1, Math.ceil(read))),
});
