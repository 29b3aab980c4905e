with readable as materialized (
  select r.document_id as id
  from document_reader r
  where r.knowledge_base_id = any ($3::uuid[]) and r.reader = any ($10::text[])
  union
  select o.id
  from document o
  where o.knowledge_base_id = any ($3::uuid[]) and o.readers = '{}'
), seen as materialized (
  select d.id
  from readable r
  join document d on d.id = r.id
  where d.knowledge_base_id = any ($3::uuid[])
    and d.status = 'READY'
    and (d.readers = '{}' or d.readers && $4::text[])
    and d.metadata @> any ($5::jsonb[])
    and (jsonb_typeof(d.metadata -> $6) = 'number' and d.metadata -> $6 >= $7::jsonb)
    and (jsonb_typeof(d.metadata -> $8) = 'number' and d.metadata -> $8 < $9::jsonb)
), visible as materialized (
  select v.chunk_id, v.han, (v.embedding::halfvec(384)) <=> $1::halfvec(384) as distance
  from seen s
  join chunk_vector v on v.document_id = s.id
  where v.dimension = 384
    and v.embedding_model = $2
), found as (
  select v.chunk_id, v.han, v.distance, row_number() over (partition by v.han order by v.distance, v.chunk_id) as place
  from visible v
)
select coalesce(json_agg(json_build_array(f.chunk_id, 1 - f.distance, f.han) order by f.distance, f.chunk_id), '[]') as found
from found f
where f.place <= $11;

-- $1 = "[…]"
-- $2 = "model@revision"
-- $3 = ["00000000-0000-7000-8000-000000000001"]
-- $4 = ["00000000-0000-7000-8000-000000000002"]
-- $5 = ["{\"dept\":\"HR\"}","{\"dept\":[\"HR\"]}","{\"dept\":\"Legal\"}","{\"dept\":[\"Legal\"]}"]
-- $6 = "year"
-- $7 = "2020"
-- $8 = "year"
-- $9 = "2024"
-- $10 = ["00000000-0000-7000-8000-000000000002"]
-- $11 = 50
