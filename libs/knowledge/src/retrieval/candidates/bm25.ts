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

/** What `weighedSql` has of the question's words, in their order: alone and twice, 0 where it has not the word. */
export const SCORES_SQL = `(select json_agg(json_build_array(w.once, w.twice) order by w.place) from weighed w) as weights`;

/**
 * What the index scores for a word alone that half of all texts hold: with such words it reads nearly every text, and
 * they hardly count beside others.
 */
const OF_HALF = ((K1 + 1) * Math.log(2)) / (1 + FLOOR);

/** Words that the index is asked for at least, where a question has as many. */
const ASKED_LEAST = 12;

/**
 * How many of a question's words the index is asked for: what it takes grows with the texts that hold each of them, and
 * the quarter that the most texts hold hardly decides which are the best.
 */
export const askedOf = (words: number): number => Math.max(ASKED_LEAST, Math.ceil((3 * words) / 4));

/** How many texts, where so many are wanted: twice as many where these have yet to be ranked by the other words. */
export const textsOf = (words: number, limit: number): number => (words > askedOf(words) ? 2 * limit : limit);

/**
 * What the index is asked for: of the words in `weighedSql` that few texts hold, or of all where there are none, those
 * that the fewest hold.
 * @param count the parameter of how many
 */
export const askedSql = (count: string): string => `(
    select to_bm25query(string_agg(r.word, ' '), 'posting_words')
    from (
      select w.word
      from weighed w
      where w.once >= ${OF_HALF} or not exists (select from weighed f where f.once >= ${OF_HALF})
      order by w.once desc, w.place
      limit ${count}
    ) r
  )`;
