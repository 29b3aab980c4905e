import type { Plan, Within } from './queries.js';

/**
 * How the lexical channel finds chunks: through the index of words (`wide`), by the codes of all words of the scope, or by
 * all of its words themselves (`narrow`).
 */
export type LexicalPlan = Plan | 'codes';

/** Chunks whose words' codes are counted at most: those of so many are some 30 MB. */
const MOST_WORD_CODES = 50_000;
/** Chunks whose words are counted one by one at most: those of so many are some 20 MB. */
const MOST_COUNTED = 10_000;

/**
 * Whether the lexical channel goes through its index. There it reads about 50 × indexed / chunks postings in order
 * until it has met 50 of the scope, which costs about what reading the codes of ten times as many chunks and counting
 * in these does, 1.3 µs each: so both cost the same at chunks² = 500 × indexed. Codes tell of no pages and headings:
 * words themselves cost ten times as much.
 * @param chunks that the search may see
 * @param indexed chunks in the whole index
 * @param within what the question names
 */
export function lexicalPlan(chunks: number, indexed: number, within?: Within): LexicalPlan {
  const cheaper = (times: number, most: number) =>
    chunks <= 300 || (chunks <= most && chunks * chunks < times * indexed);
  if (namesPlaces(within)) return cheaper(50, MOST_COUNTED) ? 'narrow' : 'wide';
  return cheaper(500, MOST_WORD_CODES) ? 'codes' : 'wide';
}

/**
 * How the vector channel finds the nearest: through the graph (`wide`), by the codes of all vectors of the scope and then
 * the best of them by their vectors (`codes`), or by all of its vectors (`narrow`).
 */
export type VectorPlan = Plan | 'codes';
export type PlanWithoutGraph = Exclude<VectorPlan, 'wide'>;

/** Chunks whose vectors are compared at most, 1 to 6 µs each in one query, where codes take two. */
export const MOST_COMPARED = 2_000;
/** Chunks whose codes are compared at most: 148 bytes each of 384 dimensions. */
export const MOST_CODES = 150_000;
/** Chunks in the other script than the question that are counted: among more, the index of vectors finds enough. */
export const ACROSS_COUNTED = 20_000;
/** Up to so many vectors the graph finds .99 of the nearest, sooner than codes do, where at least half may be seen. */
export const SMALL_GRAPH = 50_000;

/**
 * The same for the vector channel, where codes find as good as all of the nearest, and the graph the fewer the larger
 * it is and the less of it may be seen.
 * @param chunks that the search may see
 * @param indexed chunks in the whole index
 * @param within what the question names
 */
export function vectorPlan(chunks: number, indexed: number, within?: Within): VectorPlan {
  if (chunks <= MOST_COMPARED) return 'narrow';
  const graph = chunks > MOST_CODES || (indexed <= SMALL_GRAPH && 2 * chunks >= indexed);
  return graph && !namesPlaces(within) ? 'wide' : planWithoutGraph(within);
}

/**
 * How the nearest in the other script than the question are found, where the graph gives those of both.
 * @param chunks in that script, as far as they are counted
 */
export function acrossPlan(chunks: number, within?: Within): VectorPlan {
  if (chunks <= MOST_COMPARED) return 'narrow';
  // The graph gives those in the question's own script first, and hardly meets the others where they are few.
  return chunks < ACROSS_COUNTED ? planWithoutGraph(within) : 'wide';
}

/** How the nearest are found where the graph gives too few of them: codes tell of no pages and headings. */
export const planWithoutGraph = (within?: Within): PlanWithoutGraph =>
  namesPlaces(within) ? 'narrow' : 'codes';

const namesPlaces = (within?: Within): boolean => !!(within?.pages ?? within?.headings);
