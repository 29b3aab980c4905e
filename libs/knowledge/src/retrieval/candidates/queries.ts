import type { Query } from '@midplane/kernel';
import { askedOf, askedSql, SCORES_SQL, weighedSql } from './bm25.js';
import { metadataSql, type MetadataFilter } from './metadata-filter.js';
import { Parameters } from './parameters.js';

/** What a search may see. The tenant is not in it: row-level security adds it to every table below. */
export interface SearchScope {
  knowledgeBaseIds: string[];
  /** User and group ids of who asks; undefined for those who may read every document of their tenant. */
  principals: string[] | undefined;
  filter: MetadataFilter;
  /** Ids of all documents that may be seen, where they are known and few: no others have to be looked at. */
  documentIds?: string[] | undefined;
  /** What the question itself names. */
  within?: Within | undefined;
}

/** Documents and places in them; what is undefined limits nothing. */
export interface Within {
  documentIds?: string[];
  /** From and to, 1-based. */
  pages?: [number, number];
  /** For each named heading, Postgres regular expressions of which one has to match a heading above the chunk. */
  headings?: string[][];
}

/**
 * Through the index (`wide`), or the documents of the scope first, then their rows, each scored (`narrow`): an index over
 * everything has to read far before it has met enough rows of a small part.
 */
export type Plan = 'wide' | 'narrow';

/** Documents that may be found: ready, readable, with the metadata asked for. In both channels, before ranking. */
export function visibleSql(scope: SearchScope, parameters: Parameters): string {
  const { principals, filter } = scope;
  const documentIds = scope.within?.documentIds ?? scope.documentIds;
  const readable =
    principals === undefined
      ? ''
      : `\n    and (d.readers = '{}' or d.readers && ${parameters.add(principals)}::text[])`;
  const documents = documentIds ? `\n    and d.id = any (${parameters.add(documentIds)}::uuid[])` : '';
  return `d.status = 'READY'${readable}${metadataSql(filter, parameters)}${documents}`;
}

/** A chunk of several small sections has their headings in its text: lines that are short and end like no sentence. */
const HEADING_LINES = `array(
        select l from unnest(string_to_array(c.text, E'\\n')) l where length(l) <= 100 and l !~ '[.。;；,，]\\s*$'
      )`;

/** The chunks of named pages and headings: a join by the chunk's id, and its conditions, or nothing. */
function placesSql(
  { within }: SearchScope,
  chunkId: string,
  parameters: Parameters,
): { join: string; conditions: string[] } {
  const conditions: string[] = [];
  if (within?.pages) {
    const [from, to] = within.pages.map((page) => `${parameters.add(page)}::int`);
    conditions.push(`(
      c.page between ${from} and ${to}
      or exists (select from jsonb_array_elements(c.boxes) b where (b ->> 'page')::int between ${from} and ${to})
    )`);
  }
  for (const patterns of within?.headings ?? [])
    conditions.push(`exists (
      select from unnest(c.headings || ${HEADING_LINES}) h
      where lower(normalize(h, NFKC)) ~ any (${parameters.add(patterns)}::text[])
    )`);
  return { join: conditions.length > 0 ? `\n  join chunk c on c.id = ${chunkId}` : '', conditions };
}

/**
 * The rows of a table that a search may see, from `from` on. In the narrow plan `seen` goes before: the documents, whose
 * rows are then read by document.
 * @param table with the name that it has in the query
 * @param conditions on its rows
 */
function rowsOf(
  plan: Plan,
  scope: SearchScope,
  table: 'posting p' | 'chunk_vector v',
  parameters: Parameters,
  conditions: string[] = [],
): { seen: string; from: string } {
  const row = table.at(-1)!;
  const bases = `any (${parameters.add(scope.knowledgeBaseIds)}::uuid[])`;
  const visible = visibleSql(scope, parameters);
  const places = placesSql(scope, `${row}.chunk_id`, parameters);
  const all = (...further: string[]) => {
    const given = [...conditions, ...further, ...places.conditions];
    return given.length > 0 ? `\n  where ${given.join('\n    and ')}` : '';
  };
  if (plan === 'wide') {
    const where = all(`${row}.knowledge_base_id = ${bases}`, visible);
    return {
      seen: '',
      from: `${table}\n  join document d on d.id = ${row}.document_id${places.join}${where}`,
    };
  }
  return {
    seen: seenSql(scope, bases, visible, parameters),
    from: `seen s\n  join ${table} on ${row}.document_id = s.id${places.join}${all()}`,
  };
}

/**
 * The documents of a scope, as the head of a query. Those of a reader are looked up by who may read them, since most of
 * a knowledge base may be somebody else's.
 */
export function seenSql(scope: SearchScope, bases: string, visible: string, parameters: Parameters): string {
  const { principals, documentIds, within } = scope;
  const visibleOf = (from: string) => `seen as materialized (
  select d.id
  from ${from}
  where d.knowledge_base_id = ${bases}
    and ${visible}
)`;
  if (principals === undefined || documentIds || within?.documentIds) return visibleOf('document d');
  return `readable as materialized (
  select r.document_id as id
  from document_reader r
  where r.knowledge_base_id = ${bases} and r.reader = any (${parameters.add(principals)}::text[])
  union
  select o.id
  from document o
  where o.knowledge_base_id = ${bases} and o.readers = '{}'
), ${visibleOf('readable r\n  join document d on d.id = r.id')}`;
}

/**
 * BM25 over the words, through the index. One row: `found` is [[chunk id, words], …], best first; `weights` has for each
 * of the question's words what the index scores for it alone and twice, 0 where the index does not have the word.
 *
 * Outside of the index its operator cuts a text into words again, 300 µs each time. So nothing asks for a score; and this
 * stands in the FROM of the query, where pg_textsearch keeps Postgres from working out what it sorts by: not so in a CTE
 * or an expression.
 * @param words of the question, each once
 */
export function lexicalQuery(scope: SearchScope, words: string[], limit: number): Query {
  const parameters = new Parameters();
  const weighed = weighedSql(parameters.add(words));
  const rows = rowsOf('wide', scope, 'posting p', parameters);
  const asked = askedSql(parameters.add(askedOf(words.length)));
  const text = `with ${weighed}
select coalesce(json_agg(json_build_array(f.chunk_id, f.words)), '[]') as found,
  ${SCORES_SQL}
from (
  select p.chunk_id, p.words
  from ${rows.from}
  order by p.words <@> ${asked}
  limit ${parameters.add(limit)}
) f`;
  return { text, values: parameters.values };
}

/** The `weights` of {@link lexicalQuery} alone. */
export function wordScoresQuery(words: string[]): Query {
  const parameters = new Parameters();
  return {
    text: `with ${weighedSql(parameters.add(words))}\nselect ${SCORES_SQL}`,
    values: parameters.values,
  };
}

/** The words of every chunk that a search may see, with its id as text, for `copyEach`. */
export function postingsQuery(scope: SearchScope): Query {
  const parameters = new Parameters();
  const { seen, from } = rowsOf('narrow', scope, 'posting p', parameters);
  const text = `with ${seen}
select p.chunk_id::text, p.words
from ${from}`;
  return { text, values: parameters.values };
}

/** `found` of {@link vectorQuery}, as the tail of a query. */
const FOUND_SQL = `select coalesce(json_agg(json_build_array(f.chunk_id, 1 - f.distance, f.han) order by f.distance, f.chunk_id), '[]') as found
from found f`;

/**
 * The nearest of each script among the rows `visible`, as the tail of a query.
 * @param count the parameter of how many
 */
export const nearestSql = (count: string): string => `found as (
  select v.chunk_id, v.han, v.distance, row_number() over (partition by v.han order by v.distance, v.chunk_id) as place
  from visible v
)
${FOUND_SQL}
where f.place <= ${count}`;

/**
 * Cosine over the vectors of one embedder. One row: `found` is [[chunk id, cosine, whether written in Han characters], …],
 * best first: wide, the nearest; narrow, the nearest of each script.
 * @param space under which the embedder's vectors are kept
 * @param vector of the question, as Postgres writes vectors
 * @param han only chunks that are written in Han characters, or only those that are not; narrow, these are found by the
 *   index of scripts, however many documents there are
 */
export function vectorQuery(
  plan: Plan,
  scope: SearchScope,
  space: string,
  dimension: number,
  vector: string,
  limit: number,
  han?: boolean,
): Query {
  if (!Number.isInteger(dimension)) throw new Error('The dimension is not a whole number.');
  const parameters = new Parameters();
  const asked = `${parameters.add(vector)}::halfvec(${dimension})`;
  const ofModel = [`v.dimension = ${dimension}`, `v.embedding_model = ${parameters.add(space)}`];
  if (han !== undefined) ofModel.push(`v.han = ${han}`);
  const rows = rowsOf(han === undefined ? plan : 'wide', scope, 'chunk_vector v', parameters, ofModel);
  const count = parameters.add(limit);
  // The index is over this very expression, in the partition of this dimension.
  const distance = `(v.embedding::halfvec(${dimension})) <=> ${asked}`;
  const text =
    plan === 'wide'
      ? `with found as materialized (
  select v.chunk_id, v.han, ${distance} as distance
  from ${rows.from}
  order by ${distance}
  limit ${count}
)
${FOUND_SQL}`
      : `with ${rows.seen && `${rows.seen}, `}visible as materialized (
  select v.chunk_id, v.han, ${distance} as distance
  from ${rows.from}
), ${nearestSql(count)}`;
  return { text, values: parameters.values };
}

/**
 * The words of letters in chunks that were found, as far as they may be seen, that begin like words which the index
 * does not have: a row for each word, with the number of chunks that hold it.
 */
export function seenWordsQuery(scope: SearchScope, chunkIds: string[], unseen: string[]): Query {
  const parameters = new Parameters();
  const ids = parameters.add(chunkIds);
  const visible = visibleSql(scope, parameters);
  const letters = parameters.add([...new Set(unseen.map((word) => word.charAt(0)))]);
  const text = `select w.word, count(*)::int as texts
from (
  select distinct p.chunk_id, string_to_table(p.words, ' ') as word
  from posting p
  join document d on d.id = p.document_id
  where p.chunk_id = any (${ids}::uuid[])
    and ${visible}
) w
where left(w.word, 1) = any (${letters}::text[]) and w.word ~ '^[a-z]{4,}$'
group by w.word`;
  return { text, values: parameters.values };
}

/**
 * The token states of chunks, as long as they may be seen, with their ids as text, their scripts and their words, for
 * `copyEach`.
 * @param space under which the embedder's states are kept
 */
export function statesQuery(scope: SearchScope, space: string, chunkIds: string[]): Query {
  const parameters = new Parameters();
  const ids = parameters.add(chunkIds);
  const model = parameters.add(space);
  const visible = visibleSql(scope, parameters);
  const text = `select s.chunk_id::text, s.states, c.han, p.words
from chunk_state s
join chunk c on c.id = s.chunk_id
join posting p on p.chunk_id = s.chunk_id
join document d on d.id = s.document_id
where s.chunk_id = any (${ids}::uuid[])
  and s.embedding_model = ${model}
  and ${visible}`;
  return { text, values: parameters.values };
}

/** What a right passage is known by: all that is given has to hold. */
export interface RightPassage {
  chunkId?: string | undefined;
  documentId?: string | undefined;
  /** Or the name of its file; whatever its case. */
  documentTitle?: string | undefined;
  /** 1-based. */
  page?: number | undefined;
  /** Whatever its case, width and spaces. */
  text?: string | undefined;
}

/** Those of the chunks that are a right passage, as long as they may be seen: a row for each. */
export function rightAmongQuery(scope: SearchScope, chunkIds: string[], right: RightPassage): Query {
  const parameters = new Parameters();
  const ids = parameters.add(chunkIds);
  const visible = visibleSql(scope, parameters);
  const conditions: string[] = [];
  if (right.chunkId !== undefined) conditions.push(`c.id = ${parameters.add(right.chunkId)}::uuid`);
  if (right.documentId !== undefined) conditions.push(`d.id = ${parameters.add(right.documentId)}::uuid`);
  if (right.documentTitle !== undefined) {
    const title = parameters.add(right.documentTitle.normalize('NFKC').toLowerCase());
    conditions.push(`${title} in (lower(normalize(d.title, NFKC)), lower(normalize(d.file_name, NFKC)))`);
  }
  if (right.page !== undefined) {
    const page = `${parameters.add(right.page)}::int`;
    conditions.push(
      `(c.page = ${page} or exists (select from jsonb_array_elements(c.boxes) b where (b ->> 'page')::int = ${page}))`,
    );
  }
  if (right.text !== undefined) {
    const text = parameters.add(right.text.normalize('NFKC').toLowerCase().replace(/\s+/g, ''));
    conditions.push(`strpos(lower(regexp_replace(normalize(c.text, NFKC), '\\s+', '', 'g')), ${text}) > 0`);
  }
  const text = `select c.id
from chunk c
join document d on d.id = c.document_id
where c.id = any (${ids}::uuid[])
  and ${[visible, ...conditions].join('\n  and ')}`;
  return { text, values: parameters.values };
}

/**
 * Chunks in full, as a hit shows them, as long as they may be seen: a document can have been deleted since its
 * chunks were found. `before` and `after` are the texts of neighbours in the same document, in reading order.
 */
export function passagesQuery(scope: SearchScope, chunkIds: string[], neighbours: number): Query {
  const parameters = new Parameters();
  const ids = parameters.add(chunkIds);
  const visible = visibleSql(scope, parameters);
  const texts = (from: string, to: string) =>
    neighbours === 0
      ? `'{}'::text[]`
      : `array(
    select n.text from chunk n
    where n.document_id = c.document_id and n.ordinal between ${from} and ${to}
    order by n.ordinal
  )`;
  const reach = neighbours === 0 ? '' : `${parameters.add(neighbours)}::int`;
  const text = `select c.id, c.document_id as "documentId", d.title as "documentTitle",
  c.knowledge_base_id as "knowledgeBaseId", c.text, c.page, c.boxes, c.headings,
  ${texts(`c.ordinal - ${reach}`, 'c.ordinal - 1')} as before,
  ${texts('c.ordinal + 1', `c.ordinal + ${reach}`)} as after
from chunk c
join document d on d.id = c.document_id
where c.id = any (${ids}::uuid[])
  and ${visible}`;
  return { text, values: parameters.values };
}
