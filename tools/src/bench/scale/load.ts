import type { EmbeddingModel } from '@midplane/contracts';
import { vectorSpace } from '@midplane/knowledge';
import type pg from 'pg';
import { type Corpus, partsOf } from './corpus.ts';
import { chunkId, CHUNKS_OF_DOCUMENT, documentId, type Layout, readersOf } from './layout.ts';

const BATCH = 20_000;

/**
 * Writes the chunks with their words and vectors. Postgres puts them together itself, of parts that it is given once.
 * @param clients connections as the tables' owner, which share the work
 */
export async function load(
  clients: pg.Client[],
  corpus: Corpus,
  layout: Layout,
  model: EmbeddingModel,
  progress: (done: number) => void,
): Promise<void> {
  const [client] = clients as [pg.Client];
  await writeParts(client, corpus);
  for (const [i, id] of layout.tenants.entries())
    await client.query('insert into tenant (id, name) values ($1, $2)', [id, `bench ${i + 1}`]);
  for (const { id, tenantId, name, from, to } of layout.bases)
    await client.query(
      `insert into knowledge_base (id, tenant_id, name, embedding_model, embedding_revision, dimension,
         document_count, chunk_count) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        ...[id, tenantId, name, model.name, model.revision, model.dimension],
        ...[Math.ceil((to - from) / CHUNKS_OF_DOCUMENT), to - from],
      ],
    );
  const batches = layout.bases.flatMap((base) => {
    const starts = [];
    for (let from = base.from; from < base.to; from += BATCH)
      starts.push({ base, from, to: Math.min(base.to, from + BATCH) });
    return starts;
  });
  let done = 0;
  await Promise.all(
    clients.map(async (own) => {
      for (let batch = batches.shift(); batch; batch = batches.shift()) {
        const { base, from, to } = batch;
        await writeDocuments(own, base, from, to);
        await writeChunks(own, corpus, base, from, to, model);
        done += to - from;
        progress(done);
      }
    }),
  );
  await client.query('drop table bench_source, bench_vector');
}

async function writeParts(client: pg.Client, corpus: Corpus): Promise<void> {
  await client.query(`create unlogged table bench_source (id int primary key, head text, tail text, head_words text,
    tail_words text)`);
  const { sources } = corpus;
  await client.query(
    'insert into bench_source select * from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[])',
    [
      sources.map((_, i) => i),
      sources.map(({ head }) => head.text),
      sources.map(({ tail }) => tail.text),
      sources.map(({ head }) => head.words),
      sources.map(({ tail }) => tail.words),
    ],
  );
  const parts = partsOf(corpus);
  await client.query(
    `create unlogged table bench_vector (id int primary key, embedding halfvec(${parts[0]!.length}))`,
  );
  for (let from = 0; from < parts.length; from += 500) {
    const some = parts.slice(from, from + 500);
    await client.query('insert into bench_vector select * from unnest($1::int[], $2::text[]::halfvec[])', [
      some.map((_, i) => from + i),
      some.map((vector) => `[${vector.join(',')}]`),
    ]);
  }
}

async function writeDocuments(
  client: pg.Client,
  base: Layout['bases'][number],
  from: number,
  to: number,
): Promise<void> {
  const firsts: number[] = [];
  for (let chunk = from; chunk < to; chunk += CHUNKS_OF_DOCUMENT) firsts.push(chunk);
  await client.query(
    `insert into document (id, tenant_id, knowledge_base_id, title, file_name, mime_type, size_bytes, sha256,
       storage_key, status, stage_progress, chunk_count, readers, created_by)
     select d.id, $1, $2, 'Document ' || d.id, d.id || '.txt', 'text/plain', 1, d.id, d.id, 'READY', 1, $3,
       coalesce(string_to_array(nullif(d.readers, ''), ','), '{}'), $1
     from unnest($4::uuid[], $5::text[]) as d (id, readers)`,
    [
      base.tenantId,
      base.id,
      CHUNKS_OF_DOCUMENT,
      firsts.map(documentId),
      firsts.map((chunk) => readersOf(base, chunk).join(',')),
    ],
  );
}

async function writeChunks(
  client: pg.Client,
  corpus: Corpus,
  base: Layout['bases'][number],
  from: number,
  to: number,
  model: EmbeddingModel,
): Promise<void> {
  const numbers = Array.from({ length: to - from }, (_, i) => from + i);
  const ids = numbers.map(chunkId);
  const documents = numbers.map(documentId);
  const of = (column: Int32Array) => numbers.map((chunk) => column[chunk]!);
  await client.query(
    `insert into chunk (id, tenant_id, knowledge_base_id, document_id, ordinal, text, tokens)
     select g.id, $1, $2, g.document_id, g.ordinal, h.head || ' ' || t.tail, 0
     from unnest($3::uuid[], $4::uuid[], $5::int[], $6::int[], $7::int[]) as g (id, document_id, ordinal, head, tail)
     join bench_source h on h.id = g.head
     join bench_source t on t.id = g.tail
     order by g.id`,
    [
      base.tenantId,
      base.id,
      ids,
      documents,
      numbers.map((chunk) => chunk % CHUNKS_OF_DOCUMENT),
      of(corpus.heads),
      of(corpus.tails),
    ],
  );
  await client.query(
    `insert into posting (chunk_id, tenant_id, knowledge_base_id, document_id, words)
     select g.id, $1, $2, g.document_id, h.head_words || ' ' || t.tail_words
     from unnest($3::uuid[], $4::uuid[], $5::int[], $6::int[]) as g (id, document_id, head, tail)
     join bench_source h on h.id = g.head
     join bench_source t on t.id = g.tail
     order by g.id`,
    [base.tenantId, base.id, ids, documents, of(corpus.heads), of(corpus.tails)],
  );
  await client.query(
    `insert into chunk_vector
       (chunk_id, tenant_id, knowledge_base_id, document_id, han, embedding_model, dimension, embedding)
     select g.id, $1, $2, g.document_id, o.han, $3, $4, l2_normalize(a.embedding + b.embedding + c.embedding)
     from unnest($5::uuid[], $6::uuid[], $7::int[], $8::int[], $9::int[]) as g (id, document_id, a, b, c)
     join chunk o on o.id = g.id
     join bench_vector a on a.id = g.a
     join bench_vector b on b.id = g.b
     join bench_vector c on c.id = g.c
     order by g.id`,
    [
      ...[base.tenantId, base.id, vectorSpace(model), model.dimension, ids, documents],
      ...corpus.vectors.map(of),
    ],
  );
}
