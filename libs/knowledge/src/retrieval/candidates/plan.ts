import type { Plan } from './queries.js';

/**
 * Whether the lexical channel goes through its index. There it reads about 50 × indexed / chunks postings in order,
 * at 13 µs each, until it has met 50 of the scope; outside of it, every chunk of the scope is scored, at 27 µs each.
 * @param chunks that the search may see
 * @param indexed chunks in the whole index
 */
export function lexicalPlan(chunks: number, indexed: number): Plan {
  return chunks <= 300 || chunks * chunks < 24 * indexed ? 'narrow' : 'wide';
}

/** The same for the vector channel, where comparing one by one costs about 1 µs and loses nothing. */
export function vectorPlan(chunks: number, indexed: number): Plan {
  return chunks <= 2000 || chunks * chunks < 250 * indexed ? 'narrow' : 'wide';
}
