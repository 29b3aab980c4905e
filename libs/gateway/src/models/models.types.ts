import {
  Field,
  Float,
  GraphQLISODateTime,
  ID,
  InputType,
  Int,
  ObjectType,
  registerEnumType,
} from '@nestjs/graphql';
import {
  LimitScope,
  ModelHealth,
  ModelKind,
  ProviderKind,
  type RoutePlan,
  UsageGroup,
} from '@midplane/contracts';
import { Conflict, Forbidden, InvalidInput, NotFound, outcomeOf } from '../problem/problem.types.js';
import { JsonScalar } from '../scalars/json.scalar.js';

export const ModelKindEnum = ModelKind.enum;
registerEnumType(ModelKindEnum, { name: 'ModelKind' });
export const ModelHealthEnum = ModelHealth.enum;
registerEnumType(ModelHealthEnum, { name: 'ModelHealth' });
export const UsageGroupEnum = UsageGroup.enum;
registerEnumType(UsageGroupEnum, { name: 'UsageGroup' });

@ObjectType('Model', {
  description: 'A deployment of one version of a model behind one endpoint or on the local workers.',
})
export class Model {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  name!: string;

  @Field(() => String)
  version!: string;

  @Field(() => ModelKindEnum)
  kind!: ModelKind;

  @Field(() => String)
  provider!: string;

  @Field(() => ModelHealthEnum)
  health!: ModelHealth;

  @Field(() => Boolean)
  supportsTools!: boolean;

  @Field(() => Int, { nullable: true })
  contextTokens!: number | null;
}

@ObjectType('RouteTarget')
export class RouteTarget {
  @Field(() => Model)
  model!: Model;

  @Field(() => Int)
  weight!: number;

  @Field(() => Boolean)
  canary!: boolean;

  @Field(() => Boolean)
  shadow!: boolean;
}

@ObjectType('ModelRoute', { description: 'A name that applications ask for, and what serves it.' })
export class ModelRoute {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  name!: string;

  @Field(() => ModelKindEnum)
  kind!: ModelKind;

  @Field(() => [RouteTarget])
  targets!: RouteTarget[];

  @Field(() => [Model])
  fallbacks!: Model[];

  @Field(() => Int, { description: 'The version that serves.' })
  activeVersion!: number;

  @Field(() => Int, { nullable: true, description: 'The one before it, which a rollback goes to.' })
  previousVersion!: number | null;
}

@ObjectType('ModelRouteVersion')
export class ModelRouteVersion {
  @Field(() => Int)
  number!: number;

  @Field(() => JsonScalar, {
    description: 'targets, fallbacks, choice, guard and cache, as they were given.',
  })
  plan!: RoutePlan;

  @Field(() => String)
  note!: string;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;
}

@ObjectType('ModelProvider', { description: 'An endpoint of models. Its key goes in and never comes out.' })
export class ModelProvider {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  name!: string;

  @Field(() => String, { description: `${ProviderKind.options.join(' or ')}: the protocol that it speaks.` })
  kind!: ProviderKind;

  @Field(() => String)
  baseUrl!: string;

  @Field(() => String, { nullable: true, description: 'The last four characters of its key.' })
  keyHint!: string | null;

  @Field(() => Boolean, { description: 'False for the one of LLM_BASE_URL.' })
  editable!: boolean;
}

@ObjectType('ModelLimit', { description: 'Requests and tokens a minute, and money, of a subject.' })
export class ModelLimit {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  scope!: LimitScope;

  @Field(() => String)
  subject!: string;

  @Field(() => Int, { nullable: true })
  requestsPerMinute!: number | null;

  @Field(() => Int, { nullable: true })
  tokensPerMinute!: number | null;

  @Field(() => Float, { nullable: true, description: 'In millionths of the currency.' })
  budgetMicros!: number | null;

  @Field(() => String, { description: 'day, month or total, in UTC.' })
  budgetPeriod!: string;

  @Field(() => Float, { description: 'In the running period, in millionths of the currency.' })
  spentMicros!: number;
}

@ObjectType('UsageRow')
export class UsageRow {
  @Field(() => String)
  key!: string;

  @Field(() => Int)
  calls!: number;

  @Field(() => Int)
  promptTokens!: number;

  @Field(() => Int)
  completionTokens!: number;

  @Field(() => Int)
  costMicros!: number;

  @Field(() => Int)
  cacheHits!: number;

  @Field(() => Float)
  p50Ms!: number;

  @Field(() => Float)
  p95Ms!: number;

  @Field(() => Int)
  errors!: number;
}

@InputType('CreateModelProviderInput', { description: 'baseUrl: up to /v1.' })
export class CreateModelProviderInput {
  @Field(() => String)
  name!: string;

  @Field(() => String, { description: ProviderKind.options.join(' or ') })
  kind!: string;

  @Field(() => String)
  baseUrl!: string;

  @Field(() => String, { nullable: true })
  apiKey?: string | null;
}

@InputType('UpdateModelProviderInput', { description: 'What is left out stays as it is.' })
export class UpdateModelProviderInput {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { nullable: true })
  name?: string | null;

  @Field(() => String, { nullable: true })
  baseUrl?: string | null;

  @Field(() => String, { nullable: true })
  apiKey?: string | null;
}

@InputType('CreateModelInput', {
  description: 'Prices are for a million tokens, in millionths of the currency.',
})
export class CreateModelInput {
  @Field(() => ID)
  providerId!: string;

  @Field(() => String)
  name!: string;

  @Field(() => String, { nullable: true })
  version?: string | null;

  @Field(() => String, { description: 'What the provider calls it.' })
  upstreamName!: string;

  @Field(() => JsonScalar, { nullable: true, description: 'tools, images, jsonSchema: true or false.' })
  supports?: unknown;

  @Field(() => Int, { nullable: true })
  contextTokens?: number | null;

  @Field(() => Int, { nullable: true })
  maxOutputTokens?: number | null;

  @Field(() => Float, { nullable: true })
  promptPriceMicros?: number | null;

  @Field(() => Float, { nullable: true })
  completionPriceMicros?: number | null;

  @Field(() => Int, { nullable: true })
  connectTimeoutMs?: number | null;

  @Field(() => Int, { nullable: true })
  firstTokenTimeoutMs?: number | null;

  @Field(() => Int, { nullable: true })
  tokenTimeoutMs?: number | null;
}

@InputType('SetModelLimitInput', {
  description:
    'scope: tenant, user, key or route. subject: the id of the user or key, the name of the route, or * for each of them.',
})
export class SetModelLimitInput {
  @Field(() => String)
  scope!: string;

  @Field(() => String, { nullable: true })
  subject?: string | null;

  @Field(() => Int, { nullable: true })
  requestsPerMinute?: number | null;

  @Field(() => Int, { nullable: true })
  tokensPerMinute?: number | null;

  @Field(() => Float, { nullable: true })
  budgetMicros?: number | null;

  @Field(() => String, { nullable: true, description: 'day, month (the default) or total, in UTC.' })
  budgetPeriod?: string | null;
}

@ObjectType('Removed')
export class Removed {
  @Field(() => ID)
  id!: string;
}

const PROBLEMS = [InvalidInput, NotFound, Forbidden, Conflict];
export const ModelProviderResult = outcomeOf(
  { name: 'ModelProviderResult' },
  [ModelProvider, 'ModelProvider'],
  ...PROBLEMS,
);
export const ModelResult = outcomeOf({ name: 'ModelResult' }, [Model, 'Model'], ...PROBLEMS);
export const ModelRouteResult = outcomeOf(
  { name: 'ModelRouteResult' },
  [ModelRoute, 'ModelRoute'],
  ...PROBLEMS,
);
export const ModelRouteVersionResult = outcomeOf(
  { name: 'ModelRouteVersionResult' },
  [ModelRouteVersion, 'ModelRouteVersion'],
  ...PROBLEMS,
);
export const ModelLimitResult = outcomeOf(
  { name: 'ModelLimitResult' },
  [ModelLimit, 'ModelLimit'],
  ...PROBLEMS,
);
export const RemovalResult = outcomeOf({ name: 'RemovalResult' }, [Removed, 'Removed'], ...PROBLEMS);
