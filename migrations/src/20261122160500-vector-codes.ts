import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a row of codes may have in bytes, so that it stays in its page: the widest codes go six to a row. */
const ROW_BYTES = 7000;

/**
 * Vectors at 3 bits a dimension, some dozens of a document in one row: a search of a part of everything compares these
 * first, which lie together, and then the best of them with the vectors themselves, which lie far apart.
 *
 * A trigger writes them, so that nothing that writes vectors can forget it. Nothing changes a row: it goes with the
 * vectors of its document.
 */
export class VectorCodes20261122160500 implements MigrationInterface {
  name = 'VectorCodes20261122160500';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`create table vector_code (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references tenant,
      knowledge_base_id uuid not null,
      document_id uuid not null references document on delete cascade,
      embedding_model text not null,
      han boolean not null,
      chunk_ids uuid[] not null,
      codes bytea not null
    ) with (toast_tuple_target = 8160)`);
    // As dense as they get: another attempt at compressing them would only cost time.
    await q.query('alter table vector_code alter column codes set storage external');
    await q.query('create index vector_code_document on vector_code (document_id)');
    await q.query('create index vector_code_knowledge_base on vector_code (knowledge_base_id)');
    await q.query('alter table vector_code enable row level security');
    await q.query('alter table vector_code force row level security');
    await q.query(`create policy of_tenant on vector_code to midplane_app
      using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
      with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)`);
    await q.query('grant select, insert, update, delete on vector_code to midplane_app');
    await q.query(codeOfVector);
    await q.query(`create function keep_vector_codes() returns trigger language plpgsql as $$
      begin
        ${codesOf('added')};
        return null;
      end $$`);
    await q.query(`create trigger vector_codes_added after insert on chunk_vector
      referencing new table as added for each statement execute function keep_vector_codes()`);
    await q.query(codesOf('chunk_vector'));
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('drop trigger vector_codes_added on chunk_vector');
    await q.query('drop function keep_vector_codes');
    await q.query('drop function code_of_vector');
    await q.query('drop table vector_code');
  }
}

/**
 * A vector's code: 4 bytes of a factor, then three times a bit for each dimension. The three bits of a dimension, the
 * highest first, are a number n from 0 to 7, which stands for n - 3.5 steps of .586 of the vector's root mean square: the
 * best of eight even steps for normally distributed values (Max, "Quantizing for minimum distortion", 1960). The factor
 * is 1 over the length of what the bits stand for.
 *
 * `binary_quantize` tells of each dimension whether it is above a threshold: seven of them, a to g, make n.
 */
const codeOfVector = `create function code_of_vector(embedding halfvec) returns bytea
  language sql immutable parallel safe as $$
    select float4send((1 / sqrt(
        12.25 * s.dimension - 6 * bit_count(t.a) - 4 * bit_count(t.b) - 2 * bit_count(t.c)
        + 2 * bit_count(t.e) + 4 * bit_count(t.f) + 6 * bit_count(t.g)
      ))::real)
      || substring(bit_send(
        t.d || (t.f | (t.b & ~t.d)) || (t.g | (t.e & ~t.f) | (t.c & ~t.d) | (t.a & ~t.b))
      ) from 5)
    from (
      select v.x, v.dimension, (.586 * vector_norm(v.x) / sqrt(v.dimension))::real as step
      from (select embedding::vector as x, vector_dims(embedding) as dimension offset 0) v
      offset 0
    ) s
    cross join lateral (
      select array_fill(s.step, array[s.dimension])::vector as one,
        array_fill(2 * s.step, array[s.dimension])::vector as two,
        array_fill(3 * s.step, array[s.dimension])::vector as three
      offset 0
    ) l
    cross join lateral (
      select binary_quantize(s.x + l.three) as a, binary_quantize(s.x + l.two) as b, binary_quantize(s.x + l.one) as c,
        binary_quantize(s.x) as d,
        binary_quantize(s.x - l.one) as e, binary_quantize(s.x - l.two) as f, binary_quantize(s.x - l.three) as g
      offset 0
    ) t
  $$`;

/** Writes the codes of the vectors in a table of the form of `chunk_vector`. */
const codesOf = (table: string): string => `
  insert into vector_code (tenant_id, knowledge_base_id, document_id, embedding_model, han, chunk_ids, codes)
  select p.tenant_id, p.knowledge_base_id, p.document_id, p.embedding_model, p.han,
    array_agg(p.chunk_id order by p.chunk_id), string_agg(p.code, '' order by p.chunk_id)
  from (
    select c.*, (row_number() over (
      partition by c.document_id, c.embedding_model, c.han order by c.chunk_id
    ) - 1) / greatest(1, ${ROW_BYTES} / (16 + length(c.code))) as part
    from (
      select v.tenant_id, v.knowledge_base_id, v.document_id, v.embedding_model, v.han, v.chunk_id,
        code_of_vector(v.embedding) as code
      from ${table} v
      offset 0
    ) c
  ) p
  group by p.tenant_id, p.knowledge_base_id, p.document_id, p.embedding_model, p.han, p.part`;
