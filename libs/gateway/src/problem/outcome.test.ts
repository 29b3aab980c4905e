import { type ProblemCode, PROBLEMS } from '@midplane/contracts';
import { UserError } from '@midplane/kernel';
import { buildSchema, execute, type ExecutionResult, parse, subscribe } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { OperationContext } from '../operation/operation-context.js';
import { withOutcomes } from './outcome.js';

const schema = buildSchema(`
  type Query { thing: Outcome! maybe: Thing must: Thing! echo(input: Words): Outcome! }
  type Subscription { events: Outcome! plain: Thing! }
  input Words { title: String name: String more: [String!] }
  union Outcome = Thing | InvalidInput | NotFound | Forbidden | Conflict | LimitExceeded | Unavailable
  type Thing { id: ID! }
  type InvalidInput { code: String! message: String! field: String! }
  type NotFound { code: String! message: String! }
  type Forbidden { code: String! message: String! }
  type Conflict { code: String! message: String! }
  type LimitExceeded { code: String! message: String! retryAfterMs: Int }
  type Unavailable { code: String! message: String! retryAfterMs: Int }
`);
const EVERYTHING = `__typename ... on Thing { id } ... on InvalidInput { code message field } ... on NotFound { code message }
  ... on Forbidden { code message } ... on Conflict { code message } ... on LimitExceeded { code message retryAfterMs }
  ... on Unavailable { code message retryAfterMs }`;

/** What the resolvers do in the test that runs. */
let work: () => Promise<unknown>;
let events: () => AsyncIterable<unknown>;
for (const name of ['thing', 'maybe', 'must', 'echo'])
  schema.getQueryType()!.getFields()[name]!.resolve = () => work();
for (const name of ['events', 'plain']) {
  Object.assign(schema.getSubscriptionType()!.getFields()[name]!, {
    subscribe: () => events(),
    resolve: (event: unknown) => event,
  });
}
withOutcomes(schema);

const fail = (code: ProblemCode, params = {}) => {
  work = async () => {
    throw new UserError(code, params);
  };
};

function contextWith(options: Partial<OperationContext['request']> = {}): OperationContext {
  return {
    request: {
      principal: { tenantId: 't', userId: 'u', groupIds: [], roles: [] },
      traceId: 'trace',
      locale: 'en',
      signal: new AbortController().signal,
      ...options,
    },
    answerIds: [],
  };
}

const run = (query: string, context = contextWith(), variableValues = {}) =>
  execute({
    schema,
    document: parse(query),
    contextValue: context,
    variableValues,
  }) as Promise<ExecutionResult>;

async function collect(query: string, context = contextWith()): Promise<unknown[]> {
  const stream = await subscribe({ schema, document: parse(query), contextValue: context });
  if (!(Symbol.asyncIterator in stream)) return [stream];
  const results: unknown[] = [];
  for await (const result of stream) results.push(result.data);
  return results;
}

describe('an expected failure', () => {
  it.each([
    [
      'INVALID_INPUT',
      { field: 'topK', detail: 'too big', detailZh: '过大' },
      { __typename: 'InvalidInput', field: 'topK' },
    ],
    ['DOCUMENT_NOT_FOUND', { id: '1' }, { __typename: 'NotFound' }],
    ['FORBIDDEN', { action: 'read', subject: 'Document' }, { __typename: 'Forbidden' }],
    ['KNOWLEDGE_BASE_NAME_TAKEN', { name: 'n' }, { __typename: 'Conflict' }],
    ['RATE_LIMITED', { seconds: 2, retryAfterMs: 1500 }, { __typename: 'LimitExceeded', retryAfterMs: 1500 }],
    ['SERVICE_UNAVAILABLE', { service: 's' }, { __typename: 'Unavailable', retryAfterMs: null }],
  ] as const)(
    '%s is a member of the union, in the language of the request',
    async (code, params, expected) => {
      fail(code, params);
      for (const locale of ['en', 'zh'] as const) {
        const { data, errors } = await run(`{ thing { ${EVERYTHING} } }`, contextWith({ locale }));
        expect(errors).toBeUndefined();
        const message = new UserError(code, params).messageIn(locale);
        expect(data!.thing).toMatchObject({ ...expected, code, message });
      }
      expect(PROBLEMS[code].zh).not.toBe(PROBLEMS[code].en);
    },
  );

  it('of what is not found is null where the field may be', async () => {
    fail('DOCUMENT_NOT_FOUND', { id: '1' });
    expect(await run('{ maybe { id } }')).toEqual({ data: { maybe: null } });
  });

  it('is an error where the field has no way to say it, and so is a fault', async () => {
    fail('FORBIDDEN', { action: 'read', subject: 'Document' });
    expect((await run('{ maybe { id } }')).errors![0]!.originalError).toBeInstanceOf(UserError);
    fail('DOCUMENT_NOT_FOUND', { id: '1' });
    expect((await run('{ must { id } }')).errors![0]!.originalError).toBeInstanceOf(UserError);
    work = async () => {
      throw new TypeError('a fault');
    };
    expect((await run(`{ thing { ${EVERYTHING} } }`)).errors![0]!.originalError).toBeInstanceOf(TypeError);
  });

  it('of the request as a whole stops every field before it does anything', async () => {
    let ran = false;
    work = async () => {
      ran = true;
      return { __typename: 'Thing', id: 1 };
    };
    const context = contextWith();
    context.refusal = new UserError('RATE_LIMITED', { seconds: 1, retryAfterMs: 10 });
    const { data } = await run(`{ thing { ${EVERYTHING} } }`, context);
    expect(data!.thing).toMatchObject({ __typename: 'LimitExceeded', retryAfterMs: 10 });
    expect(ran).toBe(false);
  });

  it('is text with the character U+0000, anywhere but in a title', async () => {
    work = async () => ({ __typename: 'Thing', id: '1' });
    const echo = (input: object) =>
      run(`query ($input: Words) { echo(input: $input) { ${EVERYTHING} } }`, contextWith(), { input });
    expect((await echo({ name: 'a\0b' })).data!.echo).toMatchObject({
      __typename: 'InvalidInput',
      field: 'name',
    });
    expect((await echo({ more: ['a', '\0'] })).data!.echo).toMatchObject({ field: 'more.1' });
    expect((await echo({ title: 'a\0b', name: 'a' })).data!.echo).toEqual({ __typename: 'Thing', id: '1' });
  });
});

describe('work that is not wanted any more', () => {
  const never = () => new Promise<never>(() => undefined);

  it('past its deadline is said to be late, though it goes on', async () => {
    work = never;
    const abort = new AbortController();
    const result = run(`{ thing { ${EVERYTHING} } }`, contextWith({ signal: abort.signal }));
    abort.abort(new UserError('DEADLINE_EXCEEDED'));
    expect((await result).data!.thing).toMatchObject({
      __typename: 'Unavailable',
      code: 'DEADLINE_EXCEEDED',
    });
  });

  it('fails as late, however its cancellation made it fail', async () => {
    const abort = new AbortController();
    work = async () => {
      abort.abort(new UserError('DEADLINE_EXCEEDED'));
      throw new Error('socket hang up');
    };
    const { data } = await run(`{ thing { ${EVERYTHING} } }`, contextWith({ signal: abort.signal }));
    expect(data!.thing).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  it('of a stream: says so where it can, and ends', async () => {
    for (const [query, expected] of [
      [`subscription { events { ${EVERYTHING} } }`, { events: { code: 'DEADLINE_EXCEEDED' } }],
      ['subscription { plain { id } }', undefined],
    ] as const) {
      const abort = new AbortController();
      events = async function* () {
        yield { __typename: 'Thing', id: '1' };
        setTimeout(() => abort.abort(new UserError('DEADLINE_EXCEEDED')), 10);
        await never();
      };
      const seen = await collect(query, contextWith({ signal: abort.signal }));
      expect(seen).toHaveLength(expected ? 2 : 1);
      if (expected) expect(seen[1]).toMatchObject(expected);
    }
  });

  it('of a stream whose client left tells nobody', async () => {
    const abort = new AbortController();
    events = async function* () {
      yield { __typename: 'Thing', id: '1' };
      setTimeout(() => abort.abort(), 10);
      await never();
    };
    expect(
      await collect(`subscription { events { ${EVERYTHING} } }`, contextWith({ signal: abort.signal })),
    ).toHaveLength(1);
  });
});

it('a stream that fails ends with what happened', async () => {
  events = async function* () {
    yield { __typename: 'Thing', id: '1' };
    throw new UserError('MODEL_UNAVAILABLE', { model: 'm', reason: 'r' });
  };
  const [first, last] = await collect(`subscription { events { ${EVERYTHING} } }`);
  expect(first).toEqual({ events: { __typename: 'Thing', id: '1' } });
  expect(last).toMatchObject({ events: { __typename: 'Unavailable', code: 'MODEL_UNAVAILABLE' } });
});
