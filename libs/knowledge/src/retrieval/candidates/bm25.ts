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

/**
 * What a text can score by each word at most, and `y`, which is k1 × b over the average length: out of `weighedSql`, as
 * `weightsOf` has it.
 */
export const WEIGHTS_SQL = `weights as materialized (
  select ' ' || w.word || ' ' as padded, octet_length(w.word) + 2 as octets,
    w.once * (${1 + FLOOR} + y.y) as weight, y.y
  from (select w.*, w.twice / nullif(w.once, 0) as ratio from weighed w) w
  cross join lateral (
    select greatest(0, (${2 * (1 + FLOOR)} - w.ratio * ${2 + FLOOR}) / nullif(2 * w.ratio - 2, 0)) as y
  ) y
  where w.once > 0
)`;

/** The words of a posting, each between two spaces of its own, so that it can be counted. */
export const paddedSql = (words: string): string => `' ' || replace(${words}, ' ', '  ') || ' '`;

/**
 * BM25 of a row with `words` of a posting and what `paddedSql` makes of them (`padded`), by the words' weights. The operator
 * of the index gives the same for a text, but cuts it into words again, each time, at ten times the cost. Most words
 * stand in few texts, and whether one does is soon found out.
 */
export const scoreSql = (row: string): string => `(
    select coalesce(sum(w.weight * t.times / (t.times + ${FLOOR} + w.y * (octet_length(${row}.padded) - octet_length(${row}.words) - 1))), 0)::float8
    from weights w
    cross join lateral (
      select (octet_length(${row}.padded) - octet_length(replace(${row}.padded, w.padded, '')))::float8 / w.octets as times
    ) t
    where strpos(${row}.padded, w.padded) > 0
  )`;
