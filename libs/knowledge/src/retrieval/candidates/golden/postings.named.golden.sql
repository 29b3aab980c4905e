with seen as materialized (
  select d.id
  from document d
  where d.knowledge_base_id = any ($1::uuid[])
    and d.status = 'READY'
    and (d.readers = '{}' or d.readers && $2::text[])
    and d.id = any ($3::uuid[])
)
select p.chunk_id::text, p.words
from seen s
  join posting p on p.document_id = s.id
  join chunk c on c.id = p.chunk_id
  where (
      c.page between $4::int and $5::int
      or exists (select from jsonb_array_elements(c.boxes) b where (b ->> 'page')::int between $4::int and $5::int)
    )
    and exists (
      select from unnest(c.headings || array(
        select l from unnest(string_to_array(c.text, E'\n')) l where length(l) <= 100 and l !~ '[.。;；,，]\s*$'
      )) h
      where lower(normalize(h, NFKC)) ~ any ($6::text[])
    )
    and exists (
      select from unnest(c.headings || array(
        select l from unnest(string_to_array(c.text, E'\n')) l where length(l) <= 100 and l !~ '[.。;；,，]\s*$'
      )) h
      where lower(normalize(h, NFKC)) ~ any ($7::text[])
    );

-- $1 = ["00000000-0000-7000-8000-000000000001"]
-- $2 = ["00000000-0000-7000-8000-000000000002"]
-- $3 = ["00000000-0000-7000-8000-000000000001"]
-- $4 = 3
-- $5 = 4
-- $6 = ["^3"]
-- $7 = ["expenses"]
