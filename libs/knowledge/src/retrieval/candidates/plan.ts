import type { Plan } from './queries.js';

/**
 * Whether the lexical channel goes through its index. There it reads about 50 × indexed / chunks postings in order
 * until it has met 50 of the scope, which costs a fifth of what counting a chunk's words does: so both cost the same
 * at chunks² = 10 × indexed.
 * @param chunks that the search may see
 * @param indexed chunks in the whole index
 */
export function lexicalPlan(chunks: number, indexed: number): Plan {
  return chunks <= 300 || chunks * chunks < 10 * indexed ? 'narrow' : 'wide';
}

/** The same for the vector channel, where comparing one by one costs 1 to 1.5 µs a chunk and loses nothing. */
export function vectorPlan(chunks: number, indexed: number): Plan {
  return chunks <= 5000 || chunks * chunks < 250 * indexed ? 'narrow' : 'wide';
}
