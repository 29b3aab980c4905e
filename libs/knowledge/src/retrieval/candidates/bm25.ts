/** BM25's parameters of the index `posting_words`: pg_textsearch's defaults. */
export const K1 = 1.2;
export const B = 0.75;

/** What is left of the denominator of BM25 for a text of no length: k1 × (1 - b). */
export const FLOOR = K1 * (1 - B);

/**
 * The index's scores of each of the question's words, alone and twice (see `lexical-weights.ts`), as the head of a query.
 * @param asked the parameter of the words, each once, as a list
 */
export const weighedSql = (asked: string): string => `weighed as materialized (
  select w.place, w.word,
    -(w.word <@> to_bm25query(w.word, 'posting_words')) as once,
    -((w.word || ' ' || w.word) <@> to_bm25query(w.word, 'posting_words')) as twice
  from unnest(${asked}::text[]) with ordinality as w (word, place)
)`;

/**
 * What the index scores for a word alone that half of all texts hold: with such words it reads nearly every text, and
 * they hardly count beside others.
 */
const OF_HALF = ((K1 + 1) * Math.log(2)) / (1 + FLOOR);

/** What the index is asked for: those of the words in `weighedSql` that few texts hold, or all where there are none. */
export const ASKED_SQL = `(
    select to_bm25query(
      coalesce(string_agg(w.word, ' ') filter (where w.once >= ${OF_HALF}), string_agg(w.word, ' ')), 'posting_words')
    from weighed w
  )`;
