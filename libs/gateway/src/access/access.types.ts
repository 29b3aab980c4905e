import { Field, GraphQLISODateTime, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { Forbidden, InvalidInput, NotFound, outcomeOf } from '../problem/problem.types.js';

@ObjectType('Viewer')
export class Viewer {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  name!: string;

  @Field(() => ID)
  tenantId!: string;

  @Field(() => [String])
  roles!: string[];
}

@ObjectType('ApiKey', {
  description: 'A key of the tenant. The key itself can be seen once, when it is made.',
})
export class ApiKey {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  name!: string;

  @Field(() => String, { description: 'The last four characters of the key.' })
  hint!: string;

  @Field(() => [String])
  roles!: string[];

  @Field(() => Int, {
    nullable: true,
    description: "Operations a minute that it may do; null: the installation's default.",
  })
  requestsPerMinute!: number | null;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;

  @Field(() => GraphQLISODateTime, { nullable: true })
  expiresAt!: Date | null;

  @Field(() => GraphQLISODateTime, { nullable: true })
  revokedAt!: Date | null;
}

@InputType('CreateApiKeyInput', {
  description: 'roles: administrator, knowledge-admin, tool-developer, application, auditor.',
})
export class CreateApiKeyInput {
  @Field(() => String)
  name!: string;

  @Field(() => [String])
  roles!: string[];

  @Field(() => GraphQLISODateTime, { nullable: true })
  expiresAt?: Date | null;

  @Field(() => Int, { nullable: true })
  requestsPerMinute?: number | null;
}

@ObjectType('CreatedApiKey')
export class CreatedApiKey {
  @Field(() => String, { description: 'The key. It is shown this once and kept nowhere.' })
  key!: string;

  @Field(() => ApiKey)
  apiKey!: ApiKey;
}

export const CreateApiKeyResult = outcomeOf(
  { name: 'CreateApiKeyResult' },
  [CreatedApiKey, 'CreatedApiKey'],
  InvalidInput,
  Forbidden,
);

export const RevokeApiKeyResult = outcomeOf(
  { name: 'RevokeApiKeyResult' },
  [ApiKey, 'ApiKey'],
  NotFound,
  Forbidden,
);
