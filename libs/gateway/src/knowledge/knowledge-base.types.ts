import { Field, Float, GraphQLISODateTime, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { connectionOf } from '../page/page.types.js';
import {
  Conflict,
  Forbidden,
  InvalidInput,
  NotFound,
  outcomeOf,
  Unavailable,
} from '../problem/problem.types.js';

@ObjectType('Ranking', { description: 'How the hits of a knowledge base are ranked.' })
export class Ranking {
  @Field(() => Float, {
    description:
      'What coverage by words counts in the fused score, 0 to 1; the scaled cosine counts the rest.',
  })
  lexicalWeight!: number;

  @Field(() => Float, {
    description:
      'What coverage by words adds to the closeness of tokens when late interaction reranks, 0 to 4.',
  })
  coverage!: number;
}

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

  @Field(() => Ranking, { nullable: true, description: 'Fitted to it by tuning; null: the defaults.' })
  ranking!: Ranking | null;
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

export const RankingResult = outcomeOf(
  { name: 'RankingResult' },
  [KnowledgeBase, 'KnowledgeBase'],
  NotFound,
  Forbidden,
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
