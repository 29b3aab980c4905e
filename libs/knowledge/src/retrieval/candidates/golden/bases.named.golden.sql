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
  (select greatest(i.reltuples, 0)::float8 from pg_class i where i.oid = 'posting'::regclass) as indexed,
  (
    select coalesce(json_agg(n), '[]')
    from (
      select d.id, d.title, d.chunk_count as chunks, array_remove(array[case when ((strpos(replace(t.words, ' ', ''), $5) > 0 or strpos(replace(t.words, ' ', ''), $6) > 0) and (strpos(replace(t.words, ' ', ''), $7) > 0 or strpos(replace(t.words, ' ', ''), $8) > 0)) then 0 end, case when ((strpos(t.words, $9) > 0) and (strpos(t.words, $10) > 0)) then 1 end]::int[], null) as names, (
        t.words ~ $4
        or exists (
          select from jsonb_each_text(d.metadata) m
          where m.key ~* 'year|date|period|version|年|日期|版本' and lower(m.value) ~ $4
        )
      ) as dated
      from document d
      cross join lateral (
        select ' ' || lower(regexp_replace(normalize(d.title, NFKC), '[[:space:]_.,;:()''"“”‘’《》「」—–-]+', ' ', 'g')) as words
      ) t
      where d.knowledge_base_id = k.id
        and d.status = 'READY'
    and (d.readers = '{}' or d.readers && $3::text[])
        and (((strpos(replace(t.words, ' ', ''), $5) > 0 or strpos(replace(t.words, ' ', ''), $6) > 0) and (strpos(replace(t.words, ' ', ''), $7) > 0 or strpos(replace(t.words, ' ', ''), $8) > 0))
          or ((strpos(t.words, $9) > 0) and (strpos(t.words, $10) > 0)))
      limit 200
    ) n
  ) as named
from knowledge_base k
where k.id = any ($1::uuid[]) and not k.deleting;

-- $1 = ["00000000-0000-7000-8000-000000000001"]
-- $2 = ["00000000-0000-7000-8000-000000000002"]
-- $3 = ["00000000-0000-7000-8000-000000000002"]
-- $4 = "(?<!\\d)2024(?!\\d{1,3}(\\D|$))"
-- $5 = "员工"
-- $6 = "員工"
-- $7 = "手册"
-- $8 = "手冊"
-- $9 = " travel"
-- $10 = " policy"
