select c.id
from chunk c
join document d on d.id = c.document_id
where c.id = any ($1::uuid[])
  and d.status = 'READY'
    and (d.readers = '{}' or d.readers && $2::text[])
    and d.id = any ($3::uuid[])
  and c.id = $4::uuid
  and d.id = $5::uuid
  and $6 in (lower(normalize(d.title, NFKC)), lower(normalize(d.file_name, NFKC)))
  and (c.page = $7::int or exists (select from jsonb_array_elements(c.boxes) b where (b ->> 'page')::int = $7::int))
  and strpos(lower(regexp_replace(normalize(c.text, NFKC), '\s+', '', 'g')), $8) > 0;

-- $1 = ["00000000-0000-7000-8000-000000000001"]
-- $2 = ["00000000-0000-7000-8000-000000000002"]
-- $3 = ["00000000-0000-7000-8000-000000000001"]
-- $4 = "00000000-0000-7000-8000-000000000001"
-- $5 = "00000000-0000-7000-8000-000000000001"
-- $6 = "travel policy"
-- $7 = 2
-- $8 = "hotellimit"
