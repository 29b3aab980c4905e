select c.id
from chunk c
join document d on d.id = c.document_id
where c.id = any ($1::uuid[])
  and d.status = 'READY'
  and c.id = $2::uuid
  and d.id = $3::uuid
  and $4 in (lower(normalize(d.title, NFKC)), lower(normalize(d.file_name, NFKC)))
  and (c.page = $5::int or exists (select from jsonb_array_elements(c.boxes) b where (b ->> 'page')::int = $5::int))
  and strpos(lower(regexp_replace(normalize(c.text, NFKC), '\s+', '', 'g')), $6) > 0;

-- $1 = ["00000000-0000-7000-8000-000000000001"]
-- $2 = "00000000-0000-7000-8000-000000000001"
-- $3 = "00000000-0000-7000-8000-000000000001"
-- $4 = "travel policy"
-- $5 = 2
-- $6 = "hotellimit"
