with seen as materialized (
  select d.id
  from document d
  where d.knowledge_base_id = any ($1::uuid[])
    and d.status = 'READY'
)
select v.id, v.codes
from seen s
join word_code v on v.document_id = s.id
where v.knowledge_base_id = any ($1::uuid[]);

-- $1 = ["00000000-0000-7000-8000-000000000001"]
