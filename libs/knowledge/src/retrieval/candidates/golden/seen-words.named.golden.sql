select w.word, count(*)::int as texts
from (
  select distinct p.chunk_id, string_to_table(p.words, ' ') as word
  from posting p
  join document d on d.id = p.document_id
  where p.chunk_id = any ($1::uuid[])
    and d.status = 'READY'
    and (d.readers = '{}' or d.readers && $2::text[])
    and d.id = any ($3::uuid[])
) w
where left(w.word, 1) = any ($4::text[]) and w.word ~ '^[a-z]{4,}$'
group by w.word;

-- $1 = ["00000000-0000-7000-8000-000000000001"]
-- $2 = ["00000000-0000-7000-8000-000000000002"]
-- $3 = ["00000000-0000-7000-8000-000000000001"]
-- $4 = ["a","l"]
