with visible as materialized (
  select v.chunk_id, v.han, (v.embedding::halfvec(384)) <=> $1::halfvec(384) as distance
  from chunk_vector v
  join document d on d.id = v.document_id
  where v.dimension = 384
    and v.embedding_model = $2
    and v.han = true
    and v.knowledge_base_id = any ($3::uuid[])
    and d.status = 'READY'
), found as (
  select v.chunk_id, v.han, v.distance, row_number() over (partition by v.han order by v.distance, v.chunk_id) as place
  from visible v
)
select coalesce(json_agg(json_build_array(f.chunk_id, 1 - f.distance, f.han) order by f.distance, f.chunk_id), '[]') as found
from found f
where f.place <= $4;

-- $1 = "[…]"
-- $2 = "model@revision"
-- $3 = ["00000000-0000-7000-8000-000000000001"]
-- $4 = 50
