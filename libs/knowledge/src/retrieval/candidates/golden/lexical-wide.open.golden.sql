with found as materialized (
  select p.chunk_id, p.words <@> to_bm25query($1, 'posting_words') as distance
  from posting p
  join document d on d.id = p.document_id
  where p.knowledge_base_id = any ($2::uuid[])
    and d.status = 'READY'
  order by p.words <@> to_bm25query($1, 'posting_words')
  limit $3
), weighed as (
  select w.place,
    w.word <@> to_bm25query(w.word, 'posting_words') as once,
    (w.word || ' ' || w.word) <@> to_bm25query(w.word, 'posting_words') as twice
  from unnest($4::text[]) with ordinality as w (word, place)
)
select
  (select coalesce(json_agg(json_build_array(f.chunk_id, -f.distance) order by f.distance, f.chunk_id), '[]')
   from found f where f.distance < 0) as found,
  (select json_agg(json_build_array(-w.once, -w.twice) order by w.place) from weighed w) as weights;

-- $1 = "annual leave"
-- $2 = ["00000000-0000-7000-8000-000000000001"]
-- $3 = 50
-- $4 = ["annual","leave"]
