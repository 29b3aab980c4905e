with readable as materialized (
  select r.document_id as id
  from document_reader r
  where r.knowledge_base_id = any ($1::uuid[]) and r.reader = any ($8::text[])
  union
  select o.id
  from document o
  where o.knowledge_base_id = any ($1::uuid[]) and o.readers = '{}'
), seen as materialized (
  select d.id
  from readable r
  join document d on d.id = r.id
  where d.knowledge_base_id = any ($1::uuid[])
    and d.status = 'READY'
    and (d.readers = '{}' or d.readers && $2::text[])
    and d.metadata @> any ($3::jsonb[])
    and (jsonb_typeof(d.metadata -> $4) = 'number' and d.metadata -> $4 >= $5::jsonb)
    and (jsonb_typeof(d.metadata -> $6) = 'number' and d.metadata -> $6 < $7::jsonb)
)
select v.id, v.codes
from seen s
join word_code v on v.document_id = s.id
where v.knowledge_base_id = any ($1::uuid[]);

-- $1 = ["00000000-0000-7000-8000-000000000001"]
-- $2 = ["00000000-0000-7000-8000-000000000002"]
-- $3 = ["{\"dept\":\"HR\"}","{\"dept\":[\"HR\"]}","{\"dept\":\"Legal\"}","{\"dept\":[\"Legal\"]}"]
-- $4 = "year"
-- $5 = "2020"
-- $6 = "year"
-- $7 = "2024"
-- $8 = ["00000000-0000-7000-8000-000000000002"]
