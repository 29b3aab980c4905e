import { type EmbeddingModel } from '@midplane/contracts';
import { vectorSpace } from '@midplane/knowledge';
import type pg from 'pg';
import { joinedStates } from '../mixtures.ts';
import type { Corpus } from './corpus.ts';
import { chunkNumber } from './layout.ts';

const BATCH = 200;

/**
 * Writes the token states of the chunks that are going to be reranked: those of a million, 20 GB, would say nothing
 * more about the time of a search, which reads 40 of them by key.
 * @param states of each source
 */
export async function writeStates(
  client: pg.Client,
  corpus: Corpus,
  states: Buffer[],
  model: EmbeddingModel,
  chunkIds: string[],
): Promise<number> {
  const ids = [...new Set(chunkIds)];
  for (let from = 0; from < ids.length; from += BATCH) {
    const some = ids.slice(from, from + BATCH);
    await client.query(
      `insert into chunk_state (tenant_id, chunk_id, embedding_model, document_id, states)
       select c.tenant_id, c.id, $3, c.document_id, g.states
       from unnest($1::uuid[], $2::bytea[]) as g (id, states) join chunk c on c.id = g.id
       on conflict do nothing`,
      [
        some,
        some.map((id) => statesOf(corpus, states, chunkNumber(id), model.dimension)),
        vectorSpace(model),
      ],
    );
  }
  return ids.length;
}

/** A near-duplicate has its source's states, a mixture the halves of both. */
function statesOf(corpus: Corpus, states: Buffer[], chunk: number, dimension: number): Buffer {
  const [head, tail] = [states[corpus.heads[chunk]!]!, states[corpus.tails[chunk]!]!];
  return corpus.shape === 'mixtures' ? joinedStates(head, tail, dimension) : head;
}
