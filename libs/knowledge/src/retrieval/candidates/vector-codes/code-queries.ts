import type { Query } from '@midplane/kernel';
import { type CodePlace, codeRowsSql, placedSql } from '../code-rows.js';
import { Parameters } from '../parameters.js';
import { nearestSql, type SearchScope } from '../queries.js';

/**
 * The codes of the vectors that a search may see, in rows of an id, whether the chunks are written in Han characters, and
 * the codes of some dozens, for `copyEach`.
 * @param space under which the embedder's vectors are kept
 * @param han only of chunks that are written in Han characters, or only of those that are not
 * @param whole as in {@link codeRowsSql}, which says what this throws
 */
export function codesQuery(scope: SearchScope, space: string, han?: boolean, whole = false): Query {
  const parameters = new Parameters();
  const text = codeRowsSql('vector_code', 'v.id, v.han, v.codes', scope, whole, parameters, (given) => [
    `v.embedding_model = ${given.add(space)}`,
    ...(han === undefined ? [] : [`v.han = ${han}`]),
  ]);
  return { text, values: parameters.values };
}

/**
 * Cosine over the vectors of some codes, as long as they may be seen. One row: `found` as in `vectorQuery`.
 * @param vector of the question, as Postgres writes vectors
 * @param limit of each script
 */
export function nearestOfQuery(
  scope: SearchScope,
  space: string,
  dimension: number,
  vector: string,
  codes: readonly CodePlace[],
  limit: number,
): Query {
  const parameters = new Parameters();
  const asked = `${parameters.add(vector)}::halfvec(${dimension})`;
  const model = parameters.add(space);
  const placed = placedSql(
    'vector_code',
    scope,
    codes,
    parameters,
    (chunkId) => `
  join chunk_vector v on v.dimension = ${dimension} and v.chunk_id = ${chunkId} and v.embedding_model = ${model}`,
  );
  const text = `with visible as materialized (
  select v.chunk_id, v.han, (v.embedding::halfvec(${dimension})) <=> ${asked} as distance
  from ${placed}
), ${nearestSql(parameters.add(limit))}`;
  return { text, values: parameters.values };
}
