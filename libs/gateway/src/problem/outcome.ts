import {
  getNullableType,
  type GraphQLField,
  type GraphQLOutputType,
  type GraphQLSchema,
  isNonNullType,
  isUnionType,
} from 'graphql';
import { type Locale, PROBLEMS, type ProblemKind } from '@midplane/contracts';
import { invalidInput, span, UserError } from '@midplane/kernel';
import type { OperationContext } from '../operation/operation-context.js';
import { untilAborted } from '../operation/until-aborted.js';
import type { ProblemValue } from './problem.types.js';

type Field = GraphQLField<unknown, OperationContext, Record<string, unknown>>;

/**
 * Gives every operation of the schema its way of failing, in one place: a UserError becomes the member of the
 * field's union that its kind names, or null where the field is nullable and nothing was found, and is an error of
 * the response otherwise. Nothing runs past the deadline of its request or against its refusal.
 */
export function withOutcomes(schema: GraphQLSchema): GraphQLSchema {
  for (const type of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of Object.values(type?.getFields() ?? {}) as Field[]) guardResolver(field);
  }
  for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {}) as Field[]) {
    guardStream(field);
  }
  return schema;
}

function guardResolver(field: Field): void {
  const { resolve, type } = field;
  if (!resolve) return;
  field.resolve = async (root, input, context, info) => {
    try {
      admit(context, input);
      return await span(`graphql ${field.name}`, {}, () =>
        beforeAbort(context, async () => resolve(root, input, context, info)),
      );
    } catch (error) {
      return settle(error, type, context);
    }
  };
}

/** A stream whose time is over says so where it has a union to say it with, and ends either way. */
function guardStream(field: Field): void {
  const { subscribe, type } = field;
  if (!subscribe) return;
  field.subscribe = async function* (root, input, context, info) {
    try {
      admit(context, input);
      const source = (await subscribe(root, input, context, info)) as AsyncIterable<unknown>;
      yield* untilAborted(source[Symbol.asyncIterator](), context.request.signal);
    } catch (error) {
      // The stream of a client that went away has nobody to tell.
      if (!context.request.signal.aborted) yield settle(error, type, context);
    }
    const late = deadlineError(context);
    if (late && isUnionType(getNullableType(type))) yield settle(late, type, context);
  };
}

/** @throws UserError the request's refusal, or INVALID_INPUT for text that Postgres can't hold */
function admit({ refusal }: OperationContext, input: unknown): void {
  if (refusal) throw refusal;
  refuseNul(input, []);
}

function refuseNul(value: unknown, path: string[]): void {
  if (typeof value === 'string' && value.includes('\0')) {
    const field = (path[0] === 'input' ? path.slice(1) : path).join('.');
    // Titles are made visible rather than refused, by the service that keeps them.
    if (field !== 'title') {
      throw invalidInput(field, {
        en: 'expected text without the character U+0000',
        zh: '文本不得包含字符 U+0000',
      });
    }
  }
  if (typeof value !== 'object' || value === null || value instanceof Promise) return;
  for (const [key, part] of Object.entries(value)) refuseNul(part, [...path, key]);
}

/** Ends the wait, if not the work, when the deadline passes or the client goes away. */
async function beforeAbort<T>(context: OperationContext, work: () => Promise<T>): Promise<T> {
  const { signal } = context.request;
  let abandon: (() => void) | undefined;
  const abandoned = new Promise<never>((_, reject) => {
    abandon = () => reject(deadlineError(context) ?? signal.reason);
    if (signal.aborted) abandon();
    else signal.addEventListener('abort', abandon, { once: true });
  });
  try {
    return await Promise.race([work(), abandoned]);
  } catch (error) {
    // What was cancelled fails in many ways; all of them mean this.
    throw deadlineError(context) ?? error;
  } finally {
    signal.removeEventListener('abort', abandon!);
  }
}

/** A scope whose time is over aborts with the problem that says so. */
function deadlineError({ request: { signal } }: OperationContext): UserError | undefined {
  return signal.reason instanceof UserError ? signal.reason : undefined;
}

/** @returns what the field gives for a failure. @throws the failure itself where the field has no way to say it */
function settle(error: unknown, type: GraphQLOutputType, { request }: OperationContext): ProblemValue | null {
  if (!(error instanceof UserError)) throw error;
  const { kind } = PROBLEMS[error.code];
  const union = getNullableType(type);
  if (isUnionType(union) && union.getTypes().some((member) => member.name === kind)) {
    return problemValue(error, kind, request.locale);
  }
  if (!isNonNullType(type) && kind === 'NotFound') return null;
  throw error;
}

function problemValue(error: UserError, kind: ProblemKind, locale: Locale): ProblemValue {
  const { params } = error.problem;
  return {
    ...params,
    __typename: kind,
    code: error.code,
    message: error.messageIn(locale),
    ...(kind === 'InvalidInput' ? { field: params.field ?? '' } : {}),
    ...(kind === 'LimitExceeded' || kind === 'Unavailable' ? { retryAfterMs: retryAfterMs(error) } : {}),
  };
}

/** @returns how long to wait before trying again, in ms, where the problem says it */
export function retryAfterMs({ problem: { params } }: UserError): number | undefined {
  return typeof params.retryAfterMs === 'number' ? params.retryAfterMs : undefined;
}
