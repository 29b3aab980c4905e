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
  k.chunk_count as chunks, null as documents,
  (select greatest(i.reltuples, 0)::float8 from pg_class i where i.oid = 'posting'::regclass) as indexed
from knowledge_base k
where k.id = any ($1::uuid[]) and not k.deleting
) b;

-- $1 = ["00000000-0000-7000-8000-000000000001"]
