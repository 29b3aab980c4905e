import { Parameters } from '../parameters.js';
import { planWithoutGraph } from '../plan.js';
import { nearestSql, type Query, type SearchScope, seenSql, visibleSql } from '../queries.js';
import type { ScoredCode } from './code-scorer.js';

/**
 * The codes of the vectors that a search may see, in rows of an id, whether the chunks are written in Han characters, and
 * the codes of some dozens, for `copyEach`.
 * @param space under which the embedder's vectors are kept
 * @param han only of chunks that are written in Han characters, or only of those that are not
 * @param whole the codes of whole knowledge bases, for who may see all but what is not ready: that is left to
 *   `nearestOfQuery`, since to look at each document costs more than the codes
 * @throws Error where the question names pages or headings, of which codes tell nothing; where not all may be seen
 */
export function codesQuery(scope: SearchScope, space: string, han?: boolean, whole = false): Query {
  if (planWithoutGraph(scope.within) !== 'codes') throw new Error('Codes tell of no pages and headings.');
  if (whole && !seesAll(scope)) throw new Error('Not all of the knowledge bases may be seen.');
  const parameters = new Parameters();
  const bases = `any (${parameters.add(scope.knowledgeBaseIds)}::uuid[])`;
  const seen = whole ? undefined : seenSql(scope, bases, visibleSql(scope, parameters), parameters);
  const conditions = [
    `v.knowledge_base_id = ${bases}`,
    `v.embedding_model = ${parameters.add(space)}`,
    ...(han === undefined ? [] : [`v.han = ${han}`]),
  ].join('\n  and ');
  const text = seen
    ? `with ${seen}
select v.id, v.han, v.codes
from seen s
join vector_code v on v.document_id = s.id
where ${conditions}`
    : `select v.id, v.han, v.codes
from vector_code v
where ${conditions}`;
  return { text, values: parameters.values };
}

/** Whether everything in the scope's knowledge bases may be seen, but for what is not ready. */
export const seesAll = ({ principals, filter, documentIds, within }: SearchScope): boolean =>
  principals === undefined && filter.length === 0 && !documentIds && !within;

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
  codes: readonly ScoredCode[],
  limit: number,
): Query {
  const parameters = new Parameters();
  const rows = parameters.add(codes.map(({ row }) => row.toString('hex')));
  const places = parameters.add(codes.map(({ place }) => place + 1));
  const asked = `${parameters.add(vector)}::halfvec(${dimension})`;
  const model = parameters.add(space);
  const bases = parameters.add(scope.knowledgeBaseIds);
  const visible = visibleSql(scope, parameters);
  const text = `with visible as materialized (
  select v.chunk_id, v.han, (v.embedding::halfvec(${dimension})) <=> ${asked} as distance
  from unnest(${rows}::uuid[], ${places}::int[]) as g (row, place)
  join vector_code r on r.id = g.row
  join document d on d.id = r.document_id
  join chunk_vector v on v.dimension = ${dimension} and v.chunk_id = r.chunk_ids[g.place] and v.embedding_model = ${model}
  where d.knowledge_base_id = any (${bases}::uuid[])
    and ${visible}
), ${nearestSql(parameters.add(limit))}`;
  return { text, values: parameters.values };
}
