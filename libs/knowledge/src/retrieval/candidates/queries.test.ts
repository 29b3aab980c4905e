import type { Query } from '@midplane/kernel';
import { describe, expect, it } from 'vitest';
import { namedIn } from '../question/index.js';
import { basesQuery } from './bases-query.js';
import { parseMetadataFilter } from './metadata-filter.js';
import {
  lexicalQuery,
  passagesQuery,
  postingsQuery,
  statesQuery,
  rightAmongQuery,
  type SearchScope,
  seenWordsQuery,
  vectorQuery,
} from './queries.js';
import { codesQuery, nearestOfQuery } from './vector-codes/code-queries.js';
import { chunksOfQuery, wordCodesQuery } from './word-codes/word-code-queries.js';

const base = '00000000-0000-7000-8000-000000000001';
const reader = '00000000-0000-7000-8000-000000000002';

/** Who reads everything and asks without a filter, and who reads some and filters in every way. */
const open: SearchScope = { knowledgeBaseIds: [base], principals: undefined, filter: [] };
const limited: SearchScope = {
  knowledgeBaseIds: [base],
  principals: [reader],
  filter: parseMetadataFilter({ dept: ['HR', 'Legal'], year: { gte: 2020, lt: 2024 } }),
};

/** Who reads some, and whose question names documents, a date, a page and headings. */
const named: SearchScope = {
  knowledgeBaseIds: [base],
  principals: [reader],
  filter: [],
  within: { documentIds: [base], pages: [3, 4], headings: [['^3'], ['expenses']] },
};
const QUESTION = 'What do pages 3-4 of the 2024 travel policy and 《员工手册》 say?';

/** Codes tell of no pages and headings. */
const withoutPlaces = (scope: SearchScope): SearchScope => ({
  ...scope,
  within: scope.within && { documentIds: scope.within.documentIds! },
});

const CODES = [{ row: Buffer.from(base.replaceAll('-', ''), 'hex'), place: 0, score: 1 }];

const golden = ({ text, values }: Query): string =>
  `${text};\n\n${values.map((value, i) => `-- $${i + 1} = ${JSON.stringify(value)}`).join('\n')}\n`;

describe.each(Object.entries({ open, limited, named }))('the queries of a search, %s', (name, scope) => {
  // A changed query shows in a diff: `vitest -u` writes it, a person reads it.
  it.each([
    [
      'bases',
      basesQuery({ ...scope, within: undefined }, { han: false, named: scope.within && namedIn(QUESTION) }),
    ],
    ['lexical', lexicalQuery(scope, ['annual', 'leave'], 50)],
    ['postings', postingsQuery(scope)],
    ['vector-wide', vectorQuery('wide', scope, 'model@revision', 384, '[…]', 50)],
    ['vector-narrow', vectorQuery('narrow', scope, 'model@revision', 384, '[…]', 50)],
    ['vector-han', vectorQuery('wide', scope, 'model@revision', 384, '[…]', 50, true)],
    ['vector-han-narrow', vectorQuery('narrow', scope, 'model@revision', 384, '[…]', 50, true)],
    ['codes', codesQuery(withoutPlaces(scope), 'model@revision')],
    ['codes-han', codesQuery(withoutPlaces(scope), 'model@revision', true)],
    ['vector-of-codes', nearestOfQuery(scope, 'model@revision', 384, '[…]', CODES, 50)],
    ['word-codes', wordCodesQuery(withoutPlaces(scope))],
    ['chunks-of-codes', chunksOfQuery(scope, CODES)],
    ['seen-words', seenWordsQuery(scope, [base], ['anual', 'leef'])],
    ['passages', passagesQuery(scope, [base], 2)],
    [
      'right-among',
      rightAmongQuery(scope, [base], {
        chunkId: base,
        documentId: base,
        documentTitle: 'Travel Policy',
        page: 2,
        text: 'ＨＯＴＥＬ  limit',
      }),
    ],
    ['states', statesQuery(scope, 'model@revision', [base])],
  ])('%s', async (query, built) => {
    await expect(golden(built)).toMatchFileSnapshot(`./golden/${query}.${name}.golden.sql`);
  });

  it('gives the codes of whole knowledge bases only to who may see all of them', async () => {
    if (name !== 'open') {
      expect(() => codesQuery(withoutPlaces(scope), 'm@r', true, true)).toThrow('may be seen');
      expect(() => wordCodesQuery(withoutPlaces(scope), true)).toThrow('may be seen');
    } else
      await expect(golden(codesQuery(scope, 'model@revision', true, true))).toMatchFileSnapshot(
        './golden/codes-whole.open.golden.sql',
      );
  });

  it('limits codes in the same way, and the vectors of those that they find again', () => {
    for (const { text } of [
      codesQuery(withoutPlaces(scope), 'model@revision'),
      nearestOfQuery(scope, 'model@revision', 384, '[…]', CODES, 50),
      wordCodesQuery(withoutPlaces(scope)),
      chunksOfQuery(scope, CODES),
    ]) {
      const [beforeCut] = text.split(/\n\s*limit /) as [string];
      expect(beforeCut).toContain(`d.status = 'READY'`);
      expect(beforeCut.includes('d.readers &&')).toBe(scope.principals !== undefined);
      expect(beforeCut.includes('d.metadata')).toBe(scope.filter.length > 0);
      expect(beforeCut.includes('d.id = any')).toBe(scope.within !== undefined);
    }
    if (scope.within)
      for (const query of [() => codesQuery(scope, 'm@r'), () => wordCodesQuery(scope)])
        expect(query).toThrow('pages and headings');
  });

  it('limits every channel to ready documents, to readers and by metadata before it cuts', () => {
    for (const { text } of [
      lexicalQuery(scope, ['leave'], 50),
      postingsQuery(scope),
      vectorQuery('wide', scope, 'model@revision', 384, '[…]', 50),
      vectorQuery('narrow', scope, 'model@revision', 384, '[…]', 50),
    ]) {
      const [beforeCut] = text.split(/\n\s*limit /) as [string];
      expect(beforeCut).toContain(`d.status = 'READY'`);
      expect(beforeCut.includes('d.readers &&')).toBe(scope.principals !== undefined);
      expect(beforeCut.includes('d.metadata')).toBe(scope.filter.length > 0);
      for (const named of ['d.id = any', 'c.page between', 'unnest(c.headings'])
        expect(beforeCut.includes(named)).toBe(scope.within !== undefined);
    }
  });
});
