import type { DocumentStatus } from '@midplane/contracts';
import type { EntityManager } from 'typeorm';
import { type EmbedderBinding, vectorSpace } from '../../vector-space.js';
import type { ChunkEntity } from './chunk.entity.js';

/** What the embed and the index stage need of a chunk. */
export type ChunkText = Pick<ChunkEntity, 'id' | 'ordinal' | 'text' | 'headings' | 'tokens'>;

/** What an embedder made of a passage. */
export interface EmbeddedPassage {
  /** Of the embedder's dimension. */
  vector: Float32Array;
  /** The states of its tokens, packed (`packPassageStates`), where the embedder gives them. */
  states?: Buffer;
}

/** What belongs to a document in the tables that are searched. */
export interface ChunkCounts {
  chunks: number;
  postings: number;
  vectors: number;
  /** Rows that hold the codes of vectors. */
  codes: number;
  states: number;
}

const TEXT = 'c.id, c.ordinal, c.text, c.headings, c.tokens';

/** The chunks of documents, and what makes them findable: words and vectors. */
export class ChunkRepository {
  /** Adds chunks, at most a few hundred at once. */
  async add(manager: EntityManager, chunks: ChunkEntity[]): Promise<void> {
    await manager.query(
      `insert into chunk (id, tenant_id, knowledge_base_id, document_id, ordinal, text, headings, page, boxes, tokens)
       select id, "tenantId", "knowledgeBaseId", "documentId", ordinal, text, headings, page, boxes, tokens
       from jsonb_to_recordset($1::jsonb) as c (id uuid, "tenantId" uuid, "knowledgeBaseId" uuid,
         "documentId" uuid, ordinal int, text text, headings text[], page int, boxes jsonb, tokens int)`,
      [JSON.stringify(chunks)],
    );
  }

  /** Removes a document's chunks with their words, vectors, codes of both, and token states. @returns how many chunks there were */
  async removeOf(manager: EntityManager, documentId: string): Promise<number> {
    await manager.query('delete from posting where document_id = $1', [documentId]);
    await manager.query('delete from word_code where document_id = $1', [documentId]);
    await manager.query('delete from chunk_vector where document_id = $1', [documentId]);
    await manager.query('delete from vector_code where document_id = $1', [documentId]);
    await manager.query('delete from chunk_state where document_id = $1', [documentId]);
    const [, removed] = (await manager.query('delete from chunk where document_id = $1', [documentId])) as [
      unknown,
      number,
    ];
    return removed;
  }

  async countOf(manager: EntityManager, documentId: string): Promise<ChunkCounts> {
    const rows = await manager.query<ChunkCounts[]>(
      `select (select count(*)::int from chunk where document_id = $1) as chunks,
              (select count(*)::int from posting where document_id = $1) as postings,
              (select count(*)::int from chunk_vector where document_id = $1) as vectors,
              (select count(*)::int from vector_code where document_id = $1)
                + (select count(*)::int from word_code where document_id = $1) as codes,
              (select count(*)::int from chunk_state where document_id = $1) as states`,
      [documentId],
    );
    return rows[0]!;
  }

  /** @returns chunks of a document, spread over it: what a probe asks the search for */
  sampleOf(manager: EntityManager, documentId: string, count: number): Promise<ChunkText[]> {
    return manager.query(
      `with all_of as (select ${TEXT}, row_number() over (order by c.ordinal) - 1 as place,
                              count(*) over () as total
                       from chunk c where c.document_id = $1)
       select id, ordinal, text, headings, tokens from all_of
       where place % greatest(1, total / $2) = 0 order by ordinal limit $2`,
      [documentId, count],
    );
  }

  /** @returns the next chunks of a document after an ordinal that have no vector of this embedder, in order */
  withoutVector(
    manager: EntityManager,
    documentId: string,
    embedder: EmbedderBinding,
    after: number,
    limit: number,
  ): Promise<ChunkText[]> {
    return manager.query(
      `select ${TEXT} from chunk c
       where c.document_id = $1 and c.ordinal > $2 and not exists (
         select from chunk_vector v where v.dimension = $3 and v.chunk_id = c.id and v.embedding_model = $4)
       order by c.ordinal limit $5`,
      [documentId, after, embedder.dimension, vectorSpace(embedder), limit],
    );
  }

  async countWithoutVector(
    manager: EntityManager,
    documentId: string,
    embedder: EmbedderBinding,
  ): Promise<number> {
    const rows = await manager.query<{ count: number }[]>(
      `select count(*)::int as count from chunk c
       where c.document_id = $1 and not exists (
         select from chunk_vector v where v.dimension = $2 and v.chunk_id = c.id and v.embedding_model = $3)`,
      [documentId, embedder.dimension, vectorSpace(embedder)],
    );
    return rows[0]!.count;
  }

  /**
   * Adds what an embedder made of chunks; a chunk that has its vector keeps it. A trigger adds the codes of the vectors.
   * @param embedded for each chunk
   */
  async addEmbedded(
    manager: EntityManager,
    chunkIds: string[],
    embedder: EmbedderBinding,
    embedded: EmbeddedPassage[],
  ): Promise<void> {
    const space = vectorSpace(embedder);
    await manager.query(
      `insert into chunk_vector
         (chunk_id, tenant_id, knowledge_base_id, document_id, han, embedding_model, dimension, embedding)
       select c.id, c.tenant_id, c.knowledge_base_id, c.document_id, c.han, $3, $4, given.embedding::halfvec
       from unnest($1::uuid[], $2::text[]) as given (id, embedding) join chunk c on c.id = given.id
       on conflict do nothing`,
      [chunkIds, embedded.map(({ vector }) => `[${vector.join(',')}]`), space, embedder.dimension],
    );
    const states = embedded.flatMap(({ states: bytes }) => bytes ?? []);
    if (states.length === 0) return;
    await manager.query(
      `insert into chunk_state (tenant_id, chunk_id, embedding_model, document_id, states)
       select c.tenant_id, c.id, $3, c.document_id, given.states
       from unnest($1::uuid[], $2::bytea[]) as given (id, states) join chunk c on c.id = given.id
       on conflict do nothing`,
      [chunkIds, states, space],
    );
  }

  /** @returns whether a chunk of a knowledge base's documents in these statuses has no vector of this embedder */
  async lacksVector(
    manager: EntityManager,
    knowledgeBaseId: string,
    statuses: readonly DocumentStatus[],
    embedder: EmbedderBinding,
  ): Promise<boolean> {
    const rows = await manager.query<unknown[]>(
      `select 1 from document d join chunk c on c.document_id = d.id
       where d.knowledge_base_id = $1 and d.status = any($2) and not exists (
         select from chunk_vector v where v.dimension = $3 and v.chunk_id = c.id and v.embedding_model = $4)
       limit 1`,
      [knowledgeBaseId, statuses, embedder.dimension, vectorSpace(embedder)],
    );
    return rows.length > 0;
  }

  /** Removes what all other embedders than this one made of a document's chunks. */
  async removeEmbeddedOfOthers(
    manager: EntityManager,
    documentId: string,
    embedder: EmbedderBinding,
  ): Promise<void> {
    for (const table of ['chunk_vector', 'vector_code', 'chunk_state'])
      await manager.query(`delete from ${table} where document_id = $1 and embedding_model <> $2`, [
        documentId,
        vectorSpace(embedder),
      ]);
  }

  /** @returns the next chunks of a document after an ordinal whose words are not indexed, in order */
  withoutPosting(
    manager: EntityManager,
    documentId: string,
    after: number,
    limit: number,
  ): Promise<ChunkText[]> {
    return manager.query(
      `select ${TEXT} from chunk c
       where c.document_id = $1 and c.ordinal > $2
         and not exists (select from posting p where p.chunk_id = c.id)
       order by c.ordinal limit $3`,
      [documentId, after, limit],
    );
  }

  /** Adds the words of chunks to the index. @param words of each chunk, parted by spaces */
  async addPostings(manager: EntityManager, chunkIds: string[], words: string[]): Promise<void> {
    await manager.query(
      `insert into posting (chunk_id, tenant_id, knowledge_base_id, document_id, words)
       select c.id, c.tenant_id, c.knowledge_base_id, c.document_id, given.words
       from unnest($1::uuid[], $2::text[]) as given (id, words) join chunk c on c.id = given.id
       on conflict do nothing`,
      [chunkIds, words],
    );
  }
}
