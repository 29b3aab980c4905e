with visible as materialized (
  select v.chunk_id, v.han, (v.embedding::halfvec(384)) <=> $1::halfvec(384) as distance
  from unnest($3::uuid[], $4::int[]) with ordinality as g (row, place, n)
  join vector_code r on r.id = g.row
  join document d on d.id = r.document_id
  join chunk_vector v on v.dimension = 384 and v.chunk_id = r.chunk_ids[g.place] and v.embedding_model = $2
  where d.knowledge_base_id = any ($5::uuid[])
    and d.status = 'READY'
    and (d.readers = '{}' or d.readers && $6::text[])
    and d.metadata @> any ($7::jsonb[])
    and (jsonb_typeof(d.metadata -> $8) = 'number' and d.metadata -> $8 >= $9::jsonb)
    and (jsonb_typeof(d.metadata -> $10) = 'number' and d.metadata -> $10 < $11::jsonb)
), found as (
  select v.chunk_id, v.han, v.distance, row_number() over (partition by v.han order by v.distance, v.chunk_id) as place
  from visible v
)
select coalesce(json_agg(json_build_array(f.chunk_id, 1 - f.distance, f.han) order by f.distance, f.chunk_id), '[]') as found
from found f
where f.place <= $12;

-- $1 = "[…]"
-- $2 = "model@revision"
-- $3 = ["00000000000070008000000000000001"]
-- $4 = [1]
-- $5 = ["00000000-0000-7000-8000-000000000001"]
-- $6 = ["00000000-0000-7000-8000-000000000002"]
-- $7 = ["{\"dept\":\"HR\"}","{\"dept\":[\"HR\"]}","{\"dept\":\"Legal\"}","{\"dept\":[\"Legal\"]}"]
-- $8 = "year"
-- $9 = "2020"
-- $10 = "year"
-- $11 = "2024"
-- $12 = 50
