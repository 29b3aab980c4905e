with weighed as materialized (
  select w.place, w.word,
    -(w.word <@> to_bm25query(w.word, 'posting_words')) as once,
    -((w.word || ' ' || w.word) <@> to_bm25query(w.word, 'posting_words')) as twice
  from unnest($3::text[]) with ordinality as w (word, place)
), weights as materialized (
  select ' ' || w.word || ' ' as padded, octet_length(w.word) + 2 as octets,
    w.once * (1.3 + y.y) as weight, y.y
  from (select w.*, w.twice / nullif(w.once, 0) as ratio from weighed w) w
  cross join lateral (
    select greatest(0, (2.6 - w.ratio * 2.3) / nullif(2 * w.ratio - 2, 0)) as y
  ) y
  where w.once > 0
)
select s.chunk_id as "chunkId", encode(s.states, 'base64') as states, c.han, (
    select coalesce(sum(w.weight * t.times / (t.times + 0.3 + w.y * v.length)), 0)::float8
    from weights w
    cross join lateral (
      select (octet_length(v.padded) - octet_length(replace(v.padded, w.padded, '')))::float8 / w.octets as times
    ) t
  ) as lexical
from chunk_state s
join chunk c on c.id = s.chunk_id
join posting p on p.chunk_id = s.chunk_id
join document d on d.id = s.document_id
cross join lateral (
  select ' ' || replace(p.words, ' ', '  ') || ' ' as padded,
    octet_length(replace(p.words, ' ', '  ')) - octet_length(p.words) + 1 as length
) v
where s.chunk_id = any ($1::uuid[])
  and s.embedding_model = $2
  and d.status = 'READY';

-- $1 = ["00000000-0000-7000-8000-000000000001"]
-- $2 = "model@revision"
-- $3 = ["annual","leave"]
