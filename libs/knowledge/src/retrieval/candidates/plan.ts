import type { Plan } from './queries.js';

/** Chunks whose words are counted one by one at most: those of so many are some 20 MB. */
const MOST_COUNTED = 10_000;

/**
 * Whether the lexical channel goes through its index. There it reads about 50 × indexed / chunks postings in order
 * until it has met 50 of the scope, which costs about what reading as many chunks' words and counting them does, 15 µs
 * each: so both cost the same at chunks² = 50 × indexed.
 * @param chunks that the search may see
 * @param indexed chunks in the whole index
 */
export function lexicalPlan(chunks: number, indexed: number): Plan {
  const few = chunks <= 300 || chunks * chunks < 50 * indexed;
  return few && chunks <= MOST_COUNTED ? 'narrow' : 'wide';
}

/**
 * The same for the vector channel, where comparing one by one loses nothing and costs 1 to 3 µs a chunk of a knowledge
 * base, 4 to 6 where its documents lie far apart: 27,000 of a reader's among a million took three times as long as by
 * the graph.
 */
export function vectorPlan(chunks: number, indexed: number): Plan {
  return chunks <= 5000 || chunks * chunks < 250 * indexed ? 'narrow' : 'wide';
}
