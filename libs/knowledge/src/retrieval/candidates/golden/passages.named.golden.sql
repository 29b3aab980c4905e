select c.id, c.document_id as "documentId", d.title as "documentTitle",
  c.knowledge_base_id as "knowledgeBaseId", c.text, c.page, c.boxes, c.headings,
  array(
    select n.text from chunk n
    where n.document_id = c.document_id and n.ordinal between c.ordinal - $4::int and c.ordinal - 1
    order by n.ordinal
  ) as before,
  array(
    select n.text from chunk n
    where n.document_id = c.document_id and n.ordinal between c.ordinal + 1 and c.ordinal + $4::int
    order by n.ordinal
  ) as after
from chunk c
join document d on d.id = c.document_id
where c.id = any ($1::uuid[])
  and d.status = 'READY'
    and (d.readers = '{}' or d.readers && $2::text[])
    and d.id = any ($3::uuid[]);

-- $1 = ["00000000-0000-7000-8000-000000000001"]
-- $2 = ["00000000-0000-7000-8000-000000000002"]
-- $3 = ["00000000-0000-7000-8000-000000000001"]
-- $4 = 2
