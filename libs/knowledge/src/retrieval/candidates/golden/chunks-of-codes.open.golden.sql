select g.n::int as n, r.chunk_ids[g.place] as id
  from unnest($1::uuid[], $2::int[]) with ordinality as g (row, place, n)
  join word_code r on r.id = g.row
  join document d on d.id = r.document_id
  where d.knowledge_base_id = any ($3::uuid[])
    and d.status = 'READY';

-- $1 = ["00000000000070008000000000000001"]
-- $2 = [1]
-- $3 = ["00000000-0000-7000-8000-000000000001"]
