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
    select to_bm25query(string_agg(r.word, ' '), 'posting_words')
    from (
      select w.word
      from weighed w
      where w.once >= 1.1730183055629844 or not exists (select from weighed f where f.once >= 1.1730183055629844)
      order by w.once desc, w.place
      limit $3
    ) r
  )
  limit $4
) f;

-- $1 = ["annual","leave"]
-- $2 = ["00000000-0000-7000-8000-000000000001"]
-- $3 = 12
-- $4 = 50
