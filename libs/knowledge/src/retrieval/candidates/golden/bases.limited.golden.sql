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
  (select greatest(i.reltuples, 0)::float8 from pg_class i where i.oid = 'posting'::regclass) as indexed
from knowledge_base k
cross join lateral (
  with readable as materialized (
    (select r.document_id as id
    from document_reader r
    where r.knowledge_base_id = k.id and r.reader = any ($2::text[])
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
    and (d.readers = '{}' or d.readers && $9::text[])
    and d.metadata @> any ($10::jsonb[])
    and (jsonb_typeof(d.metadata -> $11) = 'number' and d.metadata -> $11 >= $12::jsonb)
    and (jsonb_typeof(d.metadata -> $13) = 'number' and d.metadata -> $13 < $14::jsonb))
    union all
    (select d.id, d.chunk_count
    from document d
    where not (select r.documents < 2000 from readable_size r) and d.knowledge_base_id = k.id
      and d.status = 'READY'
    and (d.readers = '{}' or d.readers && $3::text[])
    and d.metadata @> any ($4::jsonb[])
    and (jsonb_typeof(d.metadata -> $5) = 'number' and d.metadata -> $5 >= $6::jsonb)
    and (jsonb_typeof(d.metadata -> $7) = 'number' and d.metadata -> $7 < $8::jsonb)
    limit 2000)
  )
  select (case
    when count(*) < 2000 then coalesce(sum(s.chunk_count), 0)
    else k.chunk_count
    end)::int as chunks,
    case when count(*) < 1000 then coalesce(json_agg(s.id), '[]') end as documents
  from seen s
) size
where k.id = any ($1::uuid[]) and not k.deleting
) b;

-- $1 = ["00000000-0000-7000-8000-000000000001"]
-- $2 = ["00000000-0000-7000-8000-000000000002"]
-- $3 = ["00000000-0000-7000-8000-000000000002"]
-- $4 = ["{\"dept\":\"HR\"}","{\"dept\":[\"HR\"]}","{\"dept\":\"Legal\"}","{\"dept\":[\"Legal\"]}"]
-- $5 = "year"
-- $6 = "2020"
-- $7 = "year"
-- $8 = "2024"
-- $9 = ["00000000-0000-7000-8000-000000000002"]
-- $10 = ["{\"dept\":\"HR\"}","{\"dept\":[\"HR\"]}","{\"dept\":\"Legal\"}","{\"dept\":[\"Legal\"]}"]
-- $11 = "year"
-- $12 = "2020"
-- $13 = "year"
-- $14 = "2024"
