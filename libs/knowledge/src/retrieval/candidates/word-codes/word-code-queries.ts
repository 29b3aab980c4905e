import type { Query } from '@midplane/kernel';
import { type CodePlace, codeRowsSql, placedSql } from '../code-rows.js';
import { Parameters } from '../parameters.js';
import type { SearchScope } from '../queries.js';

/**
 * The codes of the words of what a search may see, in rows of an id and the codes of some chunks, for `copyEach`.
 * @param whole as in {@link codeRowsSql}, which says what this throws
 */
export function wordCodesQuery(scope: SearchScope, whole = false): Query {
  const parameters = new Parameters();
  const text = codeRowsSql('word_code', 'v.id, v.codes', scope, whole, parameters);
  return { text, values: parameters.values };
}

/** The chunks of some codes, as long as they may be seen: a row for each, with the number of the code, from 1 on. */
export function chunksOfQuery(scope: SearchScope, codes: readonly CodePlace[]): Query {
  const parameters = new Parameters();
  const text = `select g.n::int as n, r.chunk_ids[g.place] as id
  from ${placedSql('word_code', scope, codes, parameters)}`;
  return { text, values: parameters.values };
}
