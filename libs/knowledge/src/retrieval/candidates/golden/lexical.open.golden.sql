with weighed as materialized (
  select w.place, w.word,
    -(w.word <@> to_bm25query(w.word, 'posting_words')) as once,
    -((w.word || ' ' || w.word) <@> to_bm25query(w.word, 'posting_words')) as twice
  from unnest($1::text[]) with ordinality as w (word, place)
)
select coalesce(json_agg(json_build_array(f.chunk_id, f.words)), '[]') as found,
  (select json_agg(json_build_array(w.once, w.twice) order by w.place) from weighed w) as weights
from (
  select p.chunk_id, p.words
  from posting p
  join document d on d.id = p.document_id
  where p.knowledge_base_id = any ($2::uuid[])
    and d.status = 'READY'
  order by p.words <@> (
    select to_bm25query(
      coalesce(string_agg(w.word, ' ') filter (where w.once >= 1.1730183055629844), string_agg(w.word, ' ')), 'posting_words')
    from weighed w
  )
  limit $3
) f;

-- $1 = ["annual","leave"]
-- $2 = ["00000000-0000-7000-8000-000000000001"]
-- $3 = 50
