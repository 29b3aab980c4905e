with seen as materialized (
  select d.id
  from document d
  where d.knowledge_base_id = any ($3::uuid[])
    and d.status = 'READY'
    and (d.readers = '{}' or d.readers && $4::text[])
    and d.id = any ($5::uuid[])
), visible as materialized (
  select v.chunk_id, v.han, (v.embedding::halfvec(384)) <=> $1::halfvec(384) as distance
  from seen s
  join chunk_vector v on v.document_id = s.id
  join chunk c on c.id = v.chunk_id
  where v.dimension = 384
    and v.embedding_model = $2
    and (
      c.page between $6::int and $7::int
      or exists (select from jsonb_array_elements(c.boxes) b where (b ->> 'page')::int between $6::int and $7::int)
    )
    and exists (
      select from unnest(c.headings || array(
        select l from unnest(string_to_array(c.text, E'\n')) l where length(l) <= 100 and l !~ '[.。;；,，]\s*$'
      )) h
      where lower(normalize(h, NFKC)) ~ any ($8::text[])
    )
    and exists (
      select from unnest(c.headings || array(
        select l from unnest(string_to_array(c.text, E'\n')) l where length(l) <= 100 and l !~ '[.。;；,，]\s*$'
      )) h
      where lower(normalize(h, NFKC)) ~ any ($9::text[])
    )
), found as (
  select v.chunk_id, v.han, v.distance, row_number() over (partition by v.han order by v.distance, v.chunk_id) as place
  from visible v
)
select coalesce(json_agg(json_build_array(f.chunk_id, 1 - f.distance, f.han) order by f.distance, f.chunk_id), '[]') as found
from found f
where f.place <= $10;

-- $1 = "[…]"
-- $2 = "model@revision"
-- $3 = ["00000000-0000-7000-8000-000000000001"]
-- $4 = ["00000000-0000-7000-8000-000000000002"]
-- $5 = ["00000000-0000-7000-8000-000000000001"]
-- $6 = 3
-- $7 = 4
-- $8 = ["^3"]
-- $9 = ["expenses"]
-- $10 = 50
