with seen as materialized (
  select d.id
  from document d
  where d.knowledge_base_id = any ($1::uuid[])
    and d.status = 'READY'
    and (d.readers = '{}' or d.readers && $2::text[])
    and d.id = any ($3::uuid[])
)
select v.id, v.codes
from seen s
join word_code v on v.document_id = s.id
where v.knowledge_base_id = any ($1::uuid[]);

-- $1 = ["00000000-0000-7000-8000-000000000001"]
-- $2 = ["00000000-0000-7000-8000-000000000002"]
-- $3 = ["00000000-0000-7000-8000-000000000001"]
