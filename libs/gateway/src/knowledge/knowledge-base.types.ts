import { Field, GraphQLISODateTime, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { connectionOf } from '../page/page.types.js';
import {
  Conflict,
  Forbidden,
  InvalidInput,
  NotFound,
  outcomeOf,
  Unavailable,
} from '../problem/problem.types.js';

@ObjectType('KnowledgeBase')
export class KnowledgeBase {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  name!: string;

  @Field(() => String)
  description!: string;

  @Field(() => String)
  embeddingModel!: string;

  @Field(() => Int)
  documentCount!: number;

  @Field(() => Int)
  chunkCount!: number;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;
}

export const KnowledgeBaseConnection = connectionOf('KnowledgeBaseConnection', KnowledgeBase);

@InputType('CreateKnowledgeBaseInput')
export class CreateKnowledgeBaseInput {
  @Field(() => String)
  name!: string;

  @Field(() => String, { nullable: true, defaultValue: '' })
  description?: string | null;

  @Field(() => String, { nullable: true })
  embeddingModel?: string | null;
}

export const KnowledgeBaseResult = outcomeOf(
  { name: 'KnowledgeBaseResult' },
  [KnowledgeBase, 'KnowledgeBase'],
  InvalidInput,
  Forbidden,
  Conflict,
);

export const ReembedResult = outcomeOf(
  { name: 'ReembedResult' },
  [KnowledgeBase, 'KnowledgeBase'],
  InvalidInput,
  NotFound,
  Forbidden,
  Conflict,
  Unavailable,
);
