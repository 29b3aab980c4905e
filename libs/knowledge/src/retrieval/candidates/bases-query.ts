import type { Query } from '@midplane/kernel';
import type { Named, NamedDocument } from '../question/index.js';
import { Parameters } from './parameters.js';
import { ACROSS_COUNTED, MOST_CODES, MOST_COMPARED, SMALL_GRAPH } from './plan.js';
import { type SearchScope, visibleSql } from './queries.js';

/** What a question tells of the knowledge bases that it is asked of. */
export interface AskedBases {
  /** Whether it is written in Han characters; undefined: what is in the other script need not be counted. */
  han: boolean | undefined;
  /** What it names, to be looked up on the way. */
  named: Named | undefined;
}

/** Documents of one knowledge base that are looked at to learn how narrow a scope is. */
const DOCUMENTS_COUNTED = 2_000;

/** With fewer than this that may be seen, their ids are given. */
export const DOCUMENTS_LISTED = 1_000;

/** Documents of a reader that are counted by the index alone: with more, everything counts as readable. */
const READABLE_COUNTED = 20_000;

/** Documents looked at for what a question names, in one knowledge base: with more, the name says little. */
export const NAMED_DOCUMENTS = 200;

/**
 * The knowledge bases of a search: a row for each that the tenant has, with the embedder that it is bound to, the
 * ranking that was fitted to it, about how many chunks the search may see (`chunks`) and the whole index holds
 * (`indexed`), how many there are in the other script than the question where the graph is asked (`across`), the ids of
 * the documents that it may see where these are few (`documents`, else null), and the visible documents that the question
 * may mean (`named`): id, title, chunks, which of the names their titles hold, and whether they are from the named time.
 * @param asked undefined where there is no question
 */
export function basesQuery(scope: SearchScope, asked?: AskedBases): Query {
  const parameters = new Parameters();
  const bases = parameters.add(scope.knowledgeBaseIds);
  const everything = scope.principals === undefined && scope.filter.length === 0;
  const sized = `select k.id, k.name, k.embedding_model as "embedderName", k.embedding_revision as "embedderRevision",
  k.dimension, k.ranking,
  ${everything ? 'k.chunk_count as chunks, null as documents' : 'size.chunks, size.documents'},
  (select greatest(i.reltuples, 0)::float8 from pg_class i where i.oid = 'posting'::regclass) as indexed${namedSql(scope, asked?.named, parameters)}
from knowledge_base k${everything ? '' : sizeSql(scope, parameters)}
where k.id = any (${bases}::uuid[]) and not k.deleting`;
  const text = `select b.*, ${acrossSql(asked)} as across
from (
${sized}
) b`;
  return { text, values: parameters.values };
}

/**
 * How much of a knowledge base may be seen. What a reader may read is looked up by reader, since most of a large
 * knowledge base may be somebody else's: where it is little, its documents are looked at one by one; where it is
 * more, it is counted, and each document taken to have as many chunks as the average. A filter by metadata is tried
 * on document after document, until enough have passed.
 */
function sizeSql(scope: SearchScope, parameters: Parameters): string {
  const visible = (before: string) => `select d.id, d.chunk_count
    from document d
    where ${before}d.knowledge_base_id = k.id
      and ${visibleSql(scope, parameters)}`;
  const filtered = scope.filter.length > 0;
  const inOrder = (before = '') => `(${visible(before)}
    limit ${DOCUMENTS_COUNTED})`;
  const counted = `case when count(*) < ${DOCUMENTS_LISTED} then coalesce(json_agg(s.id), '[]') end as documents`;
  if (scope.principals === undefined)
    return `
cross join lateral (
  select case when count(*) < ${DOCUMENTS_COUNTED} then coalesce(sum(s.chunk_count), 0)::int else k.chunk_count end as chunks,
    ${counted}
  from ${inOrder()} s
) size`;
  const readers = parameters.add(scope.principals);
  const few = `(select r.documents < ${DOCUMENTS_COUNTED} from readable_size r)`;
  const many = filtered ? `\n    union all\n    ${inOrder(`not ${few} and `)}` : '';
  // Documents of two of the reader's groups count twice: it is an estimate.
  const estimate = filtered
    ? `when count(*) < ${DOCUMENTS_COUNTED} then coalesce(sum(s.chunk_count), 0)
    else k.chunk_count`
    : `when ${few} then coalesce(sum(s.chunk_count), 0)
    when (select r.documents < ${READABLE_COUNTED} from readable_size r)
      then least(k.chunk_count, (select r.documents from readable_size r)::float8 * k.chunk_count / greatest(k.document_count, 1))
    else k.chunk_count`;
  const listed = filtered
    ? counted
    : `case when ${few} and count(*) < ${DOCUMENTS_LISTED} then coalesce(json_agg(s.id), '[]') end as documents`;
  return `
cross join lateral (
  with readable as materialized (
    (select r.document_id as id
    from document_reader r
    where r.knowledge_base_id = k.id and r.reader = any (${readers}::text[])
    limit ${READABLE_COUNTED})
    union all
    (select o.id
    from document o
    where o.knowledge_base_id = k.id and o.readers = '{}'
    limit ${READABLE_COUNTED})
  ), readable_size as materialized (
    select count(*) as documents from readable
  ), seen as (
    (${visible(`${few} and d.id = any (array(select r.id from readable r limit ${DOCUMENTS_COUNTED})) and `)})${many}
  )
  select (case
    ${estimate}
    end)::int as chunks,
    ${listed}
  from seen s
) size`;
}

/**
 * The chunks of a knowledge base that are in the other script than the question, up to a number; 0 where the graph is not
 * asked, since only beside it these are looked for separately.
 */
const acrossSql = (asked: AskedBases | undefined): string =>
  asked?.han !== undefined
    ? `case when sum(b.chunks) over () > case when b.indexed <= ${SMALL_GRAPH} then ${MOST_COMPARED} else ${MOST_CODES} end then (
    select count(*)::int
    from (
      select from chunk_vector v
      where v.dimension = b.dimension
        and v.knowledge_base_id = b.id
        and v.embedding_model = b."embedderName" || '@' || b."embedderRevision"
        and v.han = ${!asked.han}
      limit case when b.indexed <= ${SMALL_GRAPH} then ${MOST_COMPARED + 1} else ${ACROSS_COUNTED} end
    ) v
  ) else 0 end`
    : '0';

/** The documents of a knowledge base that a question may mean, as a column, or nothing where it names none. */
function namedSql(scope: SearchScope, named: Named | undefined, parameters: Parameters): string {
  if (!named || (named.documents.length === 0 && !named.date)) return '';
  const visible = visibleSql(scope, parameters);
  const dated = named.date ? datedSql(parameters.add(named.date.pattern)) : 'false';
  const matches = named.documents.map((document) => titleSql(document, parameters));
  const names = matches.map((match, i) => `case when ${match} then ${i} end`).join(', ');
  return `,
  (
    select coalesce(json_agg(n), '[]')
    from (
      select d.id, d.title, d.chunk_count as chunks, array_remove(array[${names}]::int[], null) as names, ${dated} as dated
      from document d
      where d.knowledge_base_id = k.id
        and ${visible}
        and (${matches.length > 0 ? matches.join('\n          or ') : dated})
      limit ${NAMED_DOCUMENTS}
    ) n
  ) as named`;
}

/** Whether a title holds each word of a name, in one of its forms; words of letters where a word begins. */
function titleSql({ words }: NamedDocument, parameters: Parameters): string {
  const holds = (form: string) =>
    /\p{Script=Han}/u.test(form)
      ? `strpos(replace(d.title_words, ' ', ''), ${parameters.add(form)}) > 0`
      : `strpos(d.title_words, ${parameters.add(` ${form}`)}) > 0`;
  return `(${words.map((forms) => `(${forms.map(holds).join(' or ')})`).join(' and ')})`;
}

/** Whether a document is from a time, by its title or by metadata that say when. */
const datedSql = (pattern: string): string => `(
        d.title_words ~ ${pattern}
        or exists (
          select from jsonb_each_text(d.metadata) m
          where m.key ~* 'year|date|period|version|年|日期|版本' and lower(m.value) ~ ${pattern}
        )
      )`;
