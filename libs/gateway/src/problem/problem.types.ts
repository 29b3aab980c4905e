import type { Type } from '@nestjs/common';
import {
  createUnionType,
  Field,
  ID,
  Int,
  InterfaceType,
  ObjectType,
  registerEnumType,
} from '@nestjs/graphql';
import type { ProblemKind } from '@midplane/contracts';

/** Where a safety policy stopped something. */
export enum PolicyStage {
  INPUT = 'INPUT',
  CONTEXT = 'CONTEXT',
  TOOL = 'TOOL',
  OUTPUT = 'OUTPUT',
}
registerEnumType(PolicyStage, { name: 'PolicyStage' });

/** An expected failure: a member of the operation's result union. */
@InterfaceType('Problem')
export abstract class ProblemInterface {
  @Field(() => String, { description: 'Stable, UPPER_SNAKE; what a program branches on.' })
  code!: string;

  @Field(() => String, { description: 'For a person, in the language of the request (zh or en).' })
  message!: string;
}

@ObjectType('InvalidInput', { implements: () => ProblemInterface })
export class InvalidInput extends ProblemInterface {
  @Field(() => String, { description: 'Dotted path of the input field.' })
  field!: string;
}

@ObjectType('NotFound', { implements: () => ProblemInterface })
export class NotFound extends ProblemInterface {}

@ObjectType('Forbidden', { implements: () => ProblemInterface })
export class Forbidden extends ProblemInterface {}

@ObjectType('Conflict', { implements: () => ProblemInterface })
export class Conflict extends ProblemInterface {}

@ObjectType('LimitExceeded', {
  implements: () => ProblemInterface,
  description: 'A rate, a quota or a budget is used up.',
})
export class LimitExceeded extends ProblemInterface {
  @Field(() => Int, { nullable: true })
  retryAfterMs?: number | null;
}

@ObjectType('Unavailable', {
  implements: () => ProblemInterface,
  description: 'Something this needs is down or not configured; the message names it.',
})
export class Unavailable extends ProblemInterface {
  @Field(() => Int, { nullable: true })
  retryAfterMs?: number | null;
}

@ObjectType('Refused', {
  implements: () => ProblemInterface,
  description: 'A safety policy stopped it. The audit event says why to those who may read it.',
})
export class Refused extends ProblemInterface {
  @Field(() => String)
  policy!: string;

  @Field(() => PolicyStage)
  stage!: PolicyStage;

  @Field(() => ID)
  auditEventId!: string;
}

/** A problem as a member of a result union: `__typename` is its kind. */
export interface ProblemValue {
  __typename: ProblemKind;
  code: string;
  message: string;
}

const isProblemValue = (value: object): value is ProblemValue => '__typename' in value && 'code' in value;

/**
 * A result union: what the operation gives, and the problems that it can have instead.
 * @param success the one member that is no problem, with its name; what a resolver returns is taken for it
 */
export function outcomeOf(
  { name, description }: { name: string; description?: string },
  success: readonly [type: Type<object>, name: string],
  ...problems: Type<ProblemInterface>[]
) {
  return createUnionType({
    name,
    description,
    types: () => [success[0], ...problems] as const,
    resolveType: (value: object) => (isProblemValue(value) ? value.__typename : success[1]),
  });
}
