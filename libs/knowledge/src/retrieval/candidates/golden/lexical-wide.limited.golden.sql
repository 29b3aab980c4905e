with weighed as materialized (
  select w.place, w.word,
    -(w.word <@> to_bm25query(w.word, 'posting_words')) as once,
    -((w.word || ' ' || w.word) <@> to_bm25query(w.word, 'posting_words')) as twice
  from unnest($1::text[]) with ordinality as w (word, place)
), weights as materialized (
  select ' ' || w.word || ' ' as padded, octet_length(w.word) + 2 as octets,
    w.once * (1.3 + y.y) as weight, y.y
  from (select w.*, w.twice / nullif(w.once, 0) as ratio from weighed w) w
  cross join lateral (
    select greatest(0, (2.6 - w.ratio * 2.3) / nullif(2 * w.ratio - 2, 0)) as y
  ) y
  where w.once > 0
), found as materialized (
  select p.chunk_id, -(p.words <@> to_bm25query($10, 'posting_words')) as score
  from posting p
  join document d on d.id = p.document_id
  where p.knowledge_base_id = any ($2::uuid[])
    and d.status = 'READY'
    and (d.readers = '{}' or d.readers && $3::text[])
    and d.metadata @> any ($4::jsonb[])
    and (jsonb_typeof(d.metadata -> $5) = 'number' and d.metadata -> $5 >= $6::jsonb)
    and (jsonb_typeof(d.metadata -> $7) = 'number' and d.metadata -> $7 < $8::jsonb)
  order by p.words <@> to_bm25query($10, 'posting_words')
  limit $9
)
select
  (select coalesce(json_agg(json_build_array(f.chunk_id, f.score) order by f.score desc, f.chunk_id), '[]')
   from found f where f.score > 0) as found,
  (select json_agg(json_build_array(w.once, w.twice) order by w.place) from weighed w) as weights;

-- $1 = ["annual","leave"]
-- $2 = ["00000000-0000-7000-8000-000000000001"]
-- $3 = ["00000000-0000-7000-8000-000000000002"]
-- $4 = ["{\"dept\":\"HR\"}","{\"dept\":[\"HR\"]}","{\"dept\":\"Legal\"}","{\"dept\":[\"Legal\"]}"]
-- $5 = "year"
-- $6 = "2020"
-- $7 = "year"
-- $8 = "2024"
-- $9 = 50
-- $10 = "annual leave"
