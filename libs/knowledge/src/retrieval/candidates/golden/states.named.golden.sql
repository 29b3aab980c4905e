select s.chunk_id::text, s.states, c.han, p.words
from chunk_state s
join chunk c on c.id = s.chunk_id
join posting p on p.chunk_id = s.chunk_id
join document d on d.id = s.document_id
where s.chunk_id = any ($1::uuid[])
  and s.embedding_model = $2
  and d.status = 'READY'
    and (d.readers = '{}' or d.readers && $3::text[])
    and d.id = any ($4::uuid[]);

-- $1 = ["00000000-0000-7000-8000-000000000001"]
-- $2 = "model@revision"
-- $3 = ["00000000-0000-7000-8000-000000000002"]
-- $4 = ["00000000-0000-7000-8000-000000000001"]
