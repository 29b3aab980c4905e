select w.word, count(*)::int as texts
from (
  select distinct p.chunk_id, string_to_table(p.words, ' ') as word
  from posting p
  join document d on d.id = p.document_id
  where p.chunk_id = any ($1::uuid[])
    and d.status = 'READY'
) w
where left(w.word, 1) = any ($2::text[]) and w.word ~ '^[a-z]{4,}$'
group by w.word;

-- $1 = ["00000000-0000-7000-8000-000000000001"]
-- $2 = ["a","l"]
