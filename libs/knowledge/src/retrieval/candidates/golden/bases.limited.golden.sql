select k.id, k.name, k.embedding_model as "embedderName", k.embedding_revision as "embedderRevision",
  k.dimension, k.ranking,
  (
    select case when count(*) < 2000 then coalesce(sum(c.chunk_count), 0)::int else k.chunk_count end
    from (
      select d.chunk_count
      from document d
      where d.knowledge_base_id = k.id
        and d.status = 'READY'
    and (d.readers = '{}' or d.readers && $2::text[])
    and d.metadata @> any ($3::jsonb[])
    and (jsonb_typeof(d.metadata -> $4) = 'number' and d.metadata -> $4 >= $5::jsonb)
    and (jsonb_typeof(d.metadata -> $6) = 'number' and d.metadata -> $6 < $7::jsonb)
      limit 2000
    ) c
  ) as chunks,
  (
    select count(*)::int
    from (
      select from chunk_vector v
      where v.dimension = k.dimension
        and v.knowledge_base_id = k.id
        and v.embedding_model = k.embedding_model || '@' || k.embedding_revision
        and v.han = true
      limit 2000
    ) v
  ) as across,
  (select greatest(i.reltuples, 0)::float8 from pg_class i where i.oid = 'posting'::regclass) as indexed
from knowledge_base k
where k.id = any ($1::uuid[]) and not k.deleting;

-- $1 = ["00000000-0000-7000-8000-000000000001"]
-- $2 = ["00000000-0000-7000-8000-000000000002"]
-- $3 = ["{\"dept\":\"HR\"}","{\"dept\":[\"HR\"]}","{\"dept\":\"Legal\"}","{\"dept\":[\"Legal\"]}"]
-- $4 = "year"
-- $5 = "2020"
-- $6 = "year"
-- $7 = "2024"
