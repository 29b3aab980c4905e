select v.id, v.han, v.codes
from vector_code v
where v.knowledge_base_id = any ($1::uuid[])
  and v.embedding_model = $2
  and v.han = true;

-- $1 = ["00000000-0000-7000-8000-000000000001"]
-- $2 = "model@revision"
