select c.id
from chunk c
join document d on d.id = c.document_id
where c.id = any ($1::uuid[])
  and d.status = 'READY'
    and (d.readers = '{}' or d.readers && $2::text[])
    and d.metadata @> any ($3::jsonb[])
    and (jsonb_typeof(d.metadata -> $4) = 'number' and d.metadata -> $4 >= $5::jsonb)
    and (jsonb_typeof(d.metadata -> $6) = 'number' and d.metadata -> $6 < $7::jsonb)
  and c.id = $8::uuid
  and d.id = $9::uuid
  and $10 in (lower(normalize(d.title, NFKC)), lower(normalize(d.file_name, NFKC)))
  and (c.page = $11::int or exists (select from jsonb_array_elements(c.boxes) b where (b ->> 'page')::int = $11::int))
  and strpos(lower(regexp_replace(normalize(c.text, NFKC), '\s+', '', 'g')), $12) > 0;

-- $1 = ["00000000-0000-7000-8000-000000000001"]
-- $2 = ["00000000-0000-7000-8000-000000000002"]
-- $3 = ["{\"dept\":\"HR\"}","{\"dept\":[\"HR\"]}","{\"dept\":\"Legal\"}","{\"dept\":[\"Legal\"]}"]
-- $4 = "year"
-- $5 = "2020"
-- $6 = "year"
-- $7 = "2024"
-- $8 = "00000000-0000-7000-8000-000000000001"
-- $9 = "00000000-0000-7000-8000-000000000001"
-- $10 = "travel policy"
-- $11 = 2
-- $12 = "hotellimit"
