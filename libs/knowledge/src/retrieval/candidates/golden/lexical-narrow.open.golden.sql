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
), seen as materialized (
  select d.id
  from document d
  where d.knowledge_base_id = any ($2::uuid[])
    and d.status = 'READY'
), visible as materialized (
  select p.chunk_id, p.words, ' ' || replace(p.words, ' ', '  ') || ' ' as padded
  from seen s
  join posting p on p.document_id = s.id
), scored as (
  select v.chunk_id, (
    select coalesce(sum(w.weight * t.times / (t.times + 0.3 + w.y * (octet_length(v.padded) - octet_length(v.words) - 1))), 0)::float8
    from weights w
    cross join lateral (
      select (octet_length(v.padded) - octet_length(replace(v.padded, w.padded, '')))::float8 / w.octets as times
    ) t
    where strpos(v.padded, w.padded) > 0
  ) as by
  from visible v
)
select coalesce(json_agg(json_build_array(f.chunk_id, f.by)), '[]') as found,
  (select json_agg(json_build_array(w.once, w.twice) order by w.place) from weighed w) as weights
from (
  select s.chunk_id, s.by
  from scored s
  where s.by > 0
  order by s.by desc, s.chunk_id
  limit $3
) f;

-- $1 = ["annual","leave"]
-- $2 = ["00000000-0000-7000-8000-000000000001"]
-- $3 = 50
