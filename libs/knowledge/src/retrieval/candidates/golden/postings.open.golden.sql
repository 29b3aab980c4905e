with seen as materialized (
  select d.id
  from document d
  where d.knowledge_base_id = any ($1::uuid[])
    and d.status = 'READY'
)
select p.chunk_id::text, p.words
from seen s
  join posting p on p.document_id = s.id;

-- $1 = ["00000000-0000-7000-8000-000000000001"]
