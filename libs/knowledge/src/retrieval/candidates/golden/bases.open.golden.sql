select k.id, k.name, k.embedding_model as "embedderName", k.embedding_revision as "embedderRevision",
  k.dimension, k.ranking,
  k.chunk_count as chunks, null as documents,
  (select greatest(i.reltuples, 0)::float8 from pg_class i where i.oid = 'posting'::regclass) as indexed
from knowledge_base k
where k.id = any ($1::uuid[]) and not k.deleting;

-- $1 = ["00000000-0000-7000-8000-000000000001"]
