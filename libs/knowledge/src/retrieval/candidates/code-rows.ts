import type { Parameters } from './parameters.js';
import { planWithoutGraph } from './plan.js';
import { type SearchScope, seenSql, visibleSql } from './queries.js';

/** A code among those of its row of `vector_code` or `word_code`. */
export interface CodePlace {
  /** The id of the row. */
  row: Buffer;
  /** 0-based. */
  place: number;
}

/** Whether everything in the scope's knowledge bases may be seen, but for what is not ready. */
export const seesAll = ({ principals, filter, documentIds, within }: SearchScope): boolean =>
  principals === undefined && filter.length === 0 && !documentIds && !within;

/**
 * The rows of codes of what a search may see, for `copyEach`.
 * @param columns of the row, which is `v`
 * @param whole all rows of whole knowledge bases, for who may see all but what is not ready: that is left to
 *   {@link placedSql}, since to look at each document costs more than the codes
 * @param further conditions on the row
 * @throws Error where the question names pages or headings, of which codes tell nothing; where not all may be seen
 */
export function codeRowsSql(
  table: 'vector_code' | 'word_code',
  columns: string,
  scope: SearchScope,
  whole: boolean,
  parameters: Parameters,
  further: (parameters: Parameters) => string[] = () => [],
): string {
  if (planWithoutGraph(scope.within) !== 'codes') throw new Error('Codes tell of no pages and headings.');
  if (whole && !seesAll(scope)) throw new Error('Not all of the knowledge bases may be seen.');
  const bases = `any (${parameters.add(scope.knowledgeBaseIds)}::uuid[])`;
  const seen = whole ? undefined : seenSql(scope, bases, visibleSql(scope, parameters), parameters);
  const conditions = [`v.knowledge_base_id = ${bases}`, ...further(parameters)].join('\n  and ');
  return seen
    ? `with ${seen}
select ${columns}
from seen s
join ${table} v on v.document_id = s.id
where ${conditions}`
    : `select ${columns}
from ${table} v
where ${conditions}`;
}

/**
 * What stands at some places, as long as it may be seen, as the FROM of a query: `g` with the number `n` of the place,
 * from 1 on, `r` the row, and `d` the document.
 * @param joins further ones, by the id of the chunk at a place
 */
export function placedSql(
  table: 'vector_code' | 'word_code',
  scope: SearchScope,
  places: readonly CodePlace[],
  parameters: Parameters,
  joins: (chunkId: string) => string = () => '',
): string {
  const rows = parameters.add(places.map(({ row }) => row.toString('hex')));
  const at = parameters.add(places.map(({ place }) => place + 1));
  const bases = parameters.add(scope.knowledgeBaseIds);
  return `unnest(${rows}::uuid[], ${at}::int[]) with ordinality as g (row, place, n)
  join ${table} r on r.id = g.row
  join document d on d.id = r.document_id${joins('r.chunk_ids[g.place]')}
  where d.knowledge_base_id = any (${bases}::uuid[])
    and ${visibleSql(scope, parameters)}`;
}
