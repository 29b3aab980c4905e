select k.id, k.name, k.embedding_model as "embedderName", k.embedding_revision as "embedderRevision",
  k.dimension, k.ranking,
  k.chunk_count as chunks, null as documents,
  (
    select count(*)::int
    from (
      select from chunk_vector v
      where v.dimension = k.dimension
        and v.knowledge_base_id = k.id
        and v.embedding_model = k.embedding_model || '@' || k.embedding_revision
        and v.han = true
      limit case when k.chunk_count > 150000 then 20000 else 2001 end
    ) v
  ) as across,
  (select greatest(i.reltuples, 0)::float8 from pg_class i where i.oid = 'posting'::regclass) as indexed
from knowledge_base k
where k.id = any ($1::uuid[]) and not k.deleting;

-- $1 = ["00000000-0000-7000-8000-000000000001"]
