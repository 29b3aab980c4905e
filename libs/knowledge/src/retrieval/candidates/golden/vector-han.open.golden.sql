with found as materialized (
  select v.chunk_id, (v.embedding::halfvec(384)) <=> $1::halfvec(384) as distance
  from chunk_vector v
  join document d on d.id = v.document_id
  where v.dimension = 384
    and v.knowledge_base_id = any ($2::uuid[])
    and v.embedding_model = $3
    and v.han = true
    and d.status = 'READY'
  order by (v.embedding::halfvec(384)) <=> $1::halfvec(384)
  limit $4
)
select coalesce(json_agg(json_build_array(f.chunk_id, 1 - f.distance) order by f.distance, f.chunk_id), '[]') as found
from found f;

-- $1 = "[…]"
-- $2 = ["00000000-0000-7000-8000-000000000001"]
-- $3 = "model@revision"
-- $4 = 50
