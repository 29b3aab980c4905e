select b.*, case when sum(b.chunks) over () > case when b.indexed <= 50000 then 2000 else 150000 end then (
    select count(*)::int
    from (
      select from chunk_vector v
      where v.dimension = b.dimension
        and v.knowledge_base_id = b.id
        and v.embedding_model = b."embedderName" || '@' || b."embedderRevision"
        and v.han = true
      limit case when b.indexed <= 50000 then 2001 else 20000 end
    ) v
  ) else 0 end as across
from (
select k.id, k.name, k.embedding_model as "embedderName", k.embedding_revision as "embedderRevision",
  k.dimension, k.ranking,
  size.chunks, size.documents,
  (select greatest(i.reltuples, 0)::float8 from pg_class i where i.oid = 'posting'::regclass) as indexed,
  (
    select coalesce(json_agg(n), '[]')
    from (
      select d.id, d.title, d.chunk_count as chunks, array_remove(array[case when ((strpos(replace(d.title_words, ' ', ''), $4) > 0 or strpos(replace(d.title_words, ' ', ''), $5) > 0) and (strpos(replace(d.title_words, ' ', ''), $6) > 0 or strpos(replace(d.title_words, ' ', ''), $7) > 0)) then 0 end, case when ((strpos(d.title_words, $8) > 0) and (strpos(d.title_words, $9) > 0)) then 1 end]::int[], null) as names, (
        d.title_words ~ $3
        or exists (
          select from jsonb_each_text(d.metadata) m
          where m.key ~* 'year|date|period|version|年|日期|版本' and lower(m.value) ~ $3
        )
      ) as dated
      from document d
      where d.knowledge_base_id = k.id
        and d.status = 'READY'
    and (d.readers = '{}' or d.readers && $2::text[])
        and (((strpos(replace(d.title_words, ' ', ''), $4) > 0 or strpos(replace(d.title_words, ' ', ''), $5) > 0) and (strpos(replace(d.title_words, ' ', ''), $6) > 0 or strpos(replace(d.title_words, ' ', ''), $7) > 0))
          or ((strpos(d.title_words, $8) > 0) and (strpos(d.title_words, $9) > 0)))
      limit 200
    ) n
  ) as named
from knowledge_base k
cross join lateral (
  with readable as materialized (
    (select r.document_id as id
    from document_reader r
    where r.knowledge_base_id = k.id and r.reader = any ($10::text[])
    limit 20000)
    union all
    (select o.id
    from document o
    where o.knowledge_base_id = k.id and o.readers = '{}'
    limit 20000)
  ), readable_size as materialized (
    select count(*) as documents from readable
  ), seen as (
    (select d.id, d.chunk_count
    from document d
    where (select r.documents < 2000 from readable_size r) and d.id = any (array(select r.id from readable r limit 2000)) and d.knowledge_base_id = k.id
      and d.status = 'READY'
    and (d.readers = '{}' or d.readers && $11::text[]))
  )
  select (case
    when (select r.documents < 2000 from readable_size r) then coalesce(sum(s.chunk_count), 0)
    when (select r.documents < 20000 from readable_size r)
      then least(k.chunk_count, (select r.documents from readable_size r)::float8 * k.chunk_count / greatest(k.document_count, 1))
    else k.chunk_count
    end)::int as chunks,
    case when (select r.documents < 2000 from readable_size r) and count(*) < 1000 then coalesce(json_agg(s.id), '[]') end as documents
  from seen s
) size
where k.id = any ($1::uuid[]) and not k.deleting
) b;

-- $1 = ["00000000-0000-7000-8000-000000000001"]
-- $2 = ["00000000-0000-7000-8000-000000000002"]
-- $3 = "(?<!\\d)2024(?!\\d{1,3}(\\D|$))"
-- $4 = "员工"
-- $5 = "員工"
-- $6 = "手册"
-- $7 = "手冊"
-- $8 = " travel"
-- $9 = " policy"
-- $10 = ["00000000-0000-7000-8000-000000000002"]
-- $11 = ["00000000-0000-7000-8000-000000000002"]
