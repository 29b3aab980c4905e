import { metadataSql, type MetadataFilter } from './metadata-filter.js';
import type { Named, NamedDocument } from '../question/index.js';
import { Parameters } from './parameters.js';

/** What a search may see. The tenant is not in it: row-level security adds it to every table below. */
export interface SearchScope {
  knowledgeBaseIds: string[];
  /** User and group ids of who asks; undefined for those who may read every document of their tenant. */
  principals: string[] | undefined;
  filter: MetadataFilter;
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

/** A query's text and the values of its parameters. */
export interface Query {
  text: string;
  values: unknown[];
}

/**
 * Through the index (`wide`), or the rows of the scope first and scored after (`narrow`): an index over everything
 * has to read far before it has met enough rows of a small part.
 */
export type Plan = 'wide' | 'narrow';

/** Documents that may be found: ready, readable, with the metadata asked for. In both channels, before ranking. */
function visibleSql({ principals, filter, within }: SearchScope, parameters: Parameters): string {
  const readable =
    principals === undefined
      ? ''
      : `\n    and (d.readers = '{}' or d.readers && ${parameters.add(principals)}::text[])`;
  const documents = within?.documentIds
    ? `\n    and d.id = any (${parameters.add(within.documentIds)}::uuid[])`
    : '';
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
): { join: string; conditions: string } {
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
  if (conditions.length === 0) return { join: '', conditions: '' };
  return {
    join: `\n  join chunk c on c.id = ${chunkId}`,
    conditions: conditions.map((condition) => `\n    and ${condition}`).join(''),
  };
}

/**
 * BM25 over the words. One row: `found` is [[chunk id, score], …], best first; `weights` has for each of the
 * question's words how much a text can score by it at most, 0 where the index does not have the word.
 *
 * The index tells a word's weight by scoring a text: idf × (k1 + 1) / (1 + k1 × (1 - b + b × length / average)) for
 * the word alone. The text of the word twice gives a second equation, which the average length drops out of.
 * @param words of the question, each once
 */
export function lexicalQuery(plan: Plan, scope: SearchScope, words: string[], limit: number): Query {
  const parameters = new Parameters();
  const question = `to_bm25query(${parameters.add(words.join(' '))}, 'posting_words')`;
  const bases = parameters.add(scope.knowledgeBaseIds);
  const visible = visibleSql(scope, parameters);
  const places = placesSql(scope, 'p.chunk_id', parameters);
  const count = parameters.add(limit);
  const asked = parameters.add(words);
  const rows = `posting p
  join document d on d.id = p.document_id${places.join}
  where p.knowledge_base_id = any (${bases}::uuid[])
    and ${visible}${places.conditions}`;
  const found =
    plan === 'wide'
      ? `found as materialized (
  select p.chunk_id, p.words <@> ${question} as distance
  from ${rows}
  order by p.words <@> ${question}
  limit ${count}
)`
      : `visible as materialized (
  select p.chunk_id, p.words
  from ${rows}
), found as materialized (
  select v.chunk_id, v.words <@> ${question} as distance
  from visible v
  order by distance
  limit ${count}
)`;
  const text = `with ${found}, weighed as (
  select w.place,
    w.word <@> to_bm25query(w.word, 'posting_words') as once,
    (w.word || ' ' || w.word) <@> to_bm25query(w.word, 'posting_words') as twice
  from unnest(${asked}::text[]) with ordinality as w (word, place)
)
select
  (select coalesce(json_agg(json_build_array(f.chunk_id, -f.distance) order by f.distance, f.chunk_id), '[]')
   from found f where f.distance < 0) as found,
  (select json_agg(json_build_array(-w.once, -w.twice) order by w.place) from weighed w) as weights`;
  return { text, values: parameters.values };
}

/**
 * Cosine over the vectors of one embedder. One row: `found` is [[chunk id, cosine], …], best first.
 * @param space under which the embedder's vectors are kept
 * @param vector of the question, as Postgres writes vectors
 * @param han only chunks that are written in Han characters, or only those that are not
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
  const bases = parameters.add(scope.knowledgeBaseIds);
  const model = parameters.add(space);
  const visible = visibleSql(scope, parameters);
  const places = placesSql(scope, 'v.chunk_id', parameters);
  const count = parameters.add(limit);
  const script = han === undefined ? '' : `\n    and v.han = ${han}`;
  // The index is over this very expression, in the partition of this dimension.
  const embedding = `v.embedding::halfvec(${dimension})`;
  const rows = `chunk_vector v
  join document d on d.id = v.document_id${places.join}
  where v.dimension = ${dimension}
    and v.knowledge_base_id = any (${bases}::uuid[])
    and v.embedding_model = ${model}${script}
    and ${visible}${places.conditions}`;
  const found =
    plan === 'wide'
      ? `found as materialized (
  select v.chunk_id, (${embedding}) <=> ${asked} as distance
  from ${rows}
  order by (${embedding}) <=> ${asked}
  limit ${count}
)`
      : `visible as materialized (
  select v.chunk_id, (${embedding}) <=> ${asked} as distance
  from ${rows}
), found as (
  select v.chunk_id, v.distance
  from visible v
  order by v.distance
  limit ${count}
)`;
  const text = `with ${found}
select coalesce(json_agg(json_build_array(f.chunk_id, 1 - f.distance) order by f.distance, f.chunk_id), '[]') as found
from found f`;
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
 * The token states of chunks with the BM25 of each, as long as they may be seen. The states as base64: pg reads bytes as
 * hexadecimal digits, which are more to send and slower to decode.
 * @param space under which the embedder's states are kept
 * @param words of the question, each once
 */
export function statesQuery(scope: SearchScope, space: string, words: string[], chunkIds: string[]): Query {
  const parameters = new Parameters();
  const ids = parameters.add(chunkIds);
  const model = parameters.add(space);
  const lexical =
    words.length === 0
      ? '0::float8'
      : `greatest(0, -(p.words <@> to_bm25query(${parameters.add(words.join(' '))}, 'posting_words')))::float8`;
  const visible = visibleSql(scope, parameters);
  const text = `select s.chunk_id as "chunkId", encode(s.states, 'base64') as states, c.han, ${lexical} as lexical
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

/** Documents of one knowledge base that are looked at to learn how narrow a scope is; with more it is wide anyway. */
const DOCUMENTS_COUNTED = 2000;

/** What a question tells of the knowledge bases that it is asked of. */
export interface AskedBases {
  /** Whether it is written in Han characters. */
  han: boolean;
  /** What it names, to be looked up on the way. */
  named: Named | undefined;
}

/** Chunks in the other script that are counted: among more, the index finds enough by itself. */
const ACROSS_COUNTED = 2000;

/** Documents looked at for what a question names, in one knowledge base: with more, the name says little. */
export const NAMED_DOCUMENTS = 200;

/**
 * The knowledge bases of a search: a row for each that the tenant has, with the embedder that it is bound to, the
 * ranking that was fitted to it, the chunks that the search may see (`chunks`), how many there are in the other script
 * than the question (`across`), about how many the whole index holds (`indexed`), and the visible documents that the
 * question may mean (`named`): id, title, chunks, which of the names their titles hold, and whether they are from the
 * named time.
 * @param asked undefined where there is no question
 */
export function basesQuery(scope: SearchScope, asked?: AskedBases): Query {
  const parameters = new Parameters();
  const bases = parameters.add(scope.knowledgeBaseIds);
  const everything = scope.principals === undefined && scope.filter.length === 0;
  const chunks = everything
    ? 'k.chunk_count'
    : `(
    select case when count(*) < ${DOCUMENTS_COUNTED} then coalesce(sum(c.chunk_count), 0)::int else k.chunk_count end
    from (
      select d.chunk_count
      from document d
      where d.knowledge_base_id = k.id
        and ${visibleSql(scope, parameters)}
      limit ${DOCUMENTS_COUNTED}
    ) c
  )`;
  const text = `select k.id, k.name, k.embedding_model as "embedderName", k.embedding_revision as "embedderRevision",
  k.dimension, k.ranking,
  ${chunks} as chunks,
  ${acrossSql(asked)} as across,
  (select greatest(i.reltuples, 0)::float8 from pg_class i where i.oid = 'posting'::regclass) as indexed${namedSql(scope, asked?.named, parameters)}
from knowledge_base k
where k.id = any (${bases}::uuid[]) and not k.deleting`;
  return { text, values: parameters.values };
}

/** The chunks of a knowledge base that are in the other script than the question, up to a number. */
const acrossSql = (asked: AskedBases | undefined): string =>
  asked
    ? `(
    select count(*)::int
    from (
      select from chunk_vector v
      where v.dimension = k.dimension
        and v.knowledge_base_id = k.id
        and v.embedding_model = k.embedding_model || '@' || k.embedding_revision
        and v.han = ${!asked.han}
      limit ${ACROSS_COUNTED}
    ) v
  )`
    : '0';

/** What parts words in titles, as `titleKey` has it. */
const SEPARATORS = `'[[:space:]_.,;:()''"“”‘’《》「」—–-]+'`;

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
      cross join lateral (
        select ' ' || lower(regexp_replace(normalize(d.title, NFKC), ${SEPARATORS}, ' ', 'g')) as words
      ) t
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
      ? `strpos(replace(t.words, ' ', ''), ${parameters.add(form)}) > 0`
      : `strpos(t.words, ${parameters.add(` ${form}`)}) > 0`;
  return `(${words.map((forms) => `(${forms.map(holds).join(' or ')})`).join(' and ')})`;
}

/** Whether a document is from a time, by its title or by metadata that say when. */
const datedSql = (pattern: string): string => `(
        t.words ~ ${pattern}
        or exists (
          select from jsonb_each_text(d.metadata) m
          where m.key ~* 'year|date|period|version|年|日期|版本' and lower(m.value) ~ ${pattern}
        )
      )`;

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
