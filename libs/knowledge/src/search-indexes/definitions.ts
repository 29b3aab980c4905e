import { VECTOR_DIMENSIONS } from '../vector-space.js';

/** An index that a search goes through, as it should be. */
export interface SearchIndex {
  name: string;
  table: string;
  kind: 'bm25' | 'hnsw';
  /** What stands behind `using`, without its options. */
  key: string;
  /** Storage parameters, as `pg_class.reloptions` has them. */
  options: Readonly<Record<string, string>>;
}

/**
 * How HNSW graphs are built: `m` edges a node, `ef_construction` candidates for each. Chosen by
 * `npm run bench:scale`; the README of this folder has the figures.
 */
export const HNSW_BUILD = { m: 16, ef_construction: 128 } as const;

/** Every index that a search goes through: one over all words, one over the vectors of each dimension. */
export const SEARCH_INDEXES: readonly SearchIndex[] = [
  {
    name: 'posting_words',
    table: 'posting',
    kind: 'bm25',
    key: 'bm25 (words)',
    options: { text_config: 'simple' },
  },
  ...VECTOR_DIMENSIONS.map((dimension) => ({
    name: `chunk_vector_${dimension}_hnsw`,
    table: `chunk_vector_${dimension}`,
    kind: 'hnsw' as const,
    key: `hnsw ((embedding::halfvec(${dimension})) halfvec_cosine_ops)`,
    options: { m: String(HNSW_BUILD.m), ef_construction: String(HNSW_BUILD.ef_construction) },
  })),
];

/** @returns the statement that builds an index under a name while its table is read and written */
export function createStatement({ table, key, options }: SearchIndex, name: string): string {
  const settings = Object.entries(options).map(([option, value]) =>
    /^\d+$/.test(value) ? `${option} = ${value}` : `${option} = '${value}'`,
  );
  return `create index concurrently ${name} on ${table} using ${key} with (${settings.join(', ')})`;
}
