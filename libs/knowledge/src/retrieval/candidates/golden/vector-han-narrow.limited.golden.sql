with visible as materialized (
  select v.chunk_id, v.han, (v.embedding::halfvec(384)) <=> $1::halfvec(384) as distance
  from chunk_vector v
  join document d on d.id = v.document_id
  where v.dimension = 384
    and v.embedding_model = $2
    and v.han = true
    and v.knowledge_base_id = any ($3::uuid[])
    and d.status = 'READY'
    and (d.readers = '{}' or d.readers && $4::text[])
    and d.metadata @> any ($5::jsonb[])
    and (jsonb_typeof(d.metadata -> $6) = 'number' and d.metadata -> $6 >= $7::jsonb)
    and (jsonb_typeof(d.metadata -> $8) = 'number' and d.metadata -> $8 < $9::jsonb)
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
-- $5 = ["{\"dept\":\"HR\"}","{\"dept\":[\"HR\"]}","{\"dept\":\"Legal\"}","{\"dept\":[\"Legal\"]}"]
-- $6 = "year"
-- $7 = "2020"
-- $8 = "year"
-- $9 = "2024"
-- $10 = 50
