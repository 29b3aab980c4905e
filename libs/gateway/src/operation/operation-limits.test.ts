import { buildSchema, getOperationAST, getIntrospectionQuery, Kind, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { UserError } from '@midplane/kernel';
import { costOf, depthOf } from './operation-limits.js';
import { DocumentError, OperationPreparer } from './prepared-operation.js';

const schema = buildSchema(`
  type Query { shelf(id: ID!): Shelf shelves(first: Int = 20): Shelves! search(input: SearchInput!): Found }
  input SearchInput { query: String! topK: Int = 10 }
  union Found = Hits | Nothing
  type Hits { hits: [Book!]! }
  type Nothing { why: String }
  type Shelves { nodes: [Shelf!]! total: Int! }
  type Shelf { id: ID! up: Shelf books(first: Int = 5): Books! labels: [Label!]! }
  type Books { nodes: [Book!]! }
  type Book { id: ID! title: String shelf: Shelf }
  type Label { text: String }
`);

function parts(query: string) {
  const document = parse(query);
  const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  return {
    operation: getOperationAST(document)!,
    fragments: new Map(fragments.map((fragment) => [fragment.name.value, fragment])),
  };
}

const cost = (query: string, variables: Record<string, unknown> = {}) => {
  const { operation, fragments } = parts(query);
  return costOf(schema, operation, fragments, variables);
};

describe('the cost of an operation', () => {
  it('is its objects, times the sizes of the lists they stand in', () => {
    expect(cost('{ shelf(id: 1) { id } }')).toBe(1);
    expect(cost('{ shelf(id: 1) { up { up { id } } } }')).toBe(3);
    expect(cost('{ shelves(first: 3) { total } }')).toBe(1);
    // The connection, and three times: its list and, for each, the inner connection with seven times its list.
    expect(cost('{ shelves(first: 3) { nodes { books(first: 7) { nodes { id } } } } }')).toBe(
      1 + 3 * (1 + (1 + 7 * 1)),
    );
  });

  it('takes sizes from variables, their defaults, and the defaults of the schema', () => {
    const query = 'query ($n: Int) { shelves(first: $n) { nodes { id } } }';
    expect(cost(query, { n: 50 })).toBe(51);
    expect(cost(query)).toBe(21);
    expect(cost('query ($n: Int = 90) { shelves(first: $n) { nodes { id } } }')).toBe(91);
    expect(cost(query, { n: -5 })).toBe(1);
    const search =
      'query ($input: SearchInput!) { search(input: $input) { ... on Hits { hits { title } } } }';
    expect(cost(search, { input: { topK: 40 } })).toBe(41);
    expect(cost(search, { input: {} })).toBe(11);
    expect(cost('{ search(input: { query: "q", topK: 7 }) { ... on Hits { hits { title } } } }')).toBe(8);
  });

  it('takes a list without a size for ten', () => {
    expect(cost('{ shelf(id: 1) { labels { text } } }')).toBe(1 + 1 + 10);
  });

  it('counts a fragment as often as it is spread, without walking it as often', () => {
    const fragments = Array.from(
      { length: 60 },
      (_, n) => `fragment f${n} on Shelf { up { ...f${n + 1} } up { ...f${n + 1} } }`,
    ).join(' ');
    const query = `{ shelf(id: 1) { ...f0 } } ${fragments} fragment f60 on Shelf { id }`;
    expect(cost(query)).toBeGreaterThan(2 ** 60);
    const { operation, fragments: known } = parts(query);
    expect(depthOf(operation, known)).toBe(62);
  });

  it('is nothing for introspection', () => {
    expect(cost(getIntrospectionQuery())).toBe(0);
  });
});

describe('what is let in', () => {
  const limits = { MAX_QUERY_TOKENS: 200, MAX_QUERY_DEPTH: 4, MAX_QUERY_ALIASES: 3, MAX_QUERY_COST: 100 };
  const preparer = new OperationPreparer(schema, limits);
  const codeOf = (query: string, variables?: Record<string, unknown>) => {
    try {
      preparer.prepare({ query, variables });
      return 'fine';
    } catch (error) {
      if (error instanceof UserError) return error.code;
      if (error instanceof DocumentError) return error.errors[0]!.extensions.code;
      throw error;
    }
  };

  it('is what is within each limit', () => {
    expect(codeOf('{ shelf(id: 1) { up { up { id } } } }')).toBe('fine');
    expect(codeOf('{ shelf(id: 1) { up { up { up { id } } } } }')).toBe('QUERY_TOO_DEEP');
    expect(codeOf('{ a: shelf(id: 1) { id } b: shelf(id: 2) { id } c: shelf(id: 3) { id } }')).toBe('fine');
    expect(
      codeOf('{ ...f } fragment f on Query { a: __typename b: __typename c: __typename d: __typename }'),
    ).toBe('QUERY_TOO_MANY_ALIASES');
    expect(codeOf(`{ shelf(id: 1) { ${'id '.repeat(200)} } }`)).toBe('QUERY_TOO_LONG');
    expect(codeOf(`{ shelf(id: "${'x'.repeat(70_000)}") { id } }`)).toBe('QUERY_TOO_LARGE');
    const list = 'query ($n: Int) { shelves(first: $n) { nodes { id } } }';
    expect(codeOf(list, { n: 99 })).toBe('fine');
    expect(codeOf(list, { n: 100 })).toBe('QUERY_TOO_COSTLY');
  });

  it('is neither what cannot be parsed nor what is not valid', () => {
    expect(codeOf('{')).toBe('GRAPHQL_PARSE_FAILED');
    expect(codeOf('{ nothing }')).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(codeOf('{ ...f } fragment f on Query { ...f }')).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(codeOf('fragment f on Query { __typename }')).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  it('is no introspection that goes round in circles', () => {
    const ring = 'type { fields { '.repeat(4);
    expect(codeOf(`{ __schema { types { fields { ${ring} name ${'} }'.repeat(4)} } } } }`)).toBe(
      'GRAPHQL_VALIDATION_FAILED',
    );
  });
});
