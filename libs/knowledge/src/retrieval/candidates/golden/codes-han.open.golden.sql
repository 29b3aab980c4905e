with seen as materialized (
  select d.id
  from document d
  where d.knowledge_base_id = any ($1::uuid[])
    and d.status = 'READY'
)
select v.id, v.han, v.codes
from seen s
join vector_code v on v.document_id = s.id
where v.knowledge_base_id = any ($1::uuid[])
  and v.embedding_model = $2
  and v.han = true;

-- $1 = ["00000000-0000-7000-8000-000000000001"]
-- $2 = "model@revision"
