import { Field, Float, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { Forbidden, InvalidInput, NotFound, outcomeOf, Unavailable } from '../problem/problem.types.js';
import { Ranking } from './knowledge-base.types.js';

@InputType('RatedQuestionInput', {
  description:
    'A question and what its right passage is known by: all that is given has to hold, and a document, a chunk or a text has to be given.',
})
export class RatedQuestionInput {
  @Field(() => String)
  question!: string;

  @Field(() => ID, { nullable: true })
  chunkId?: string | null;

  @Field(() => ID, { nullable: true })
  documentId?: string | null;

  @Field(() => String, { nullable: true, description: 'Title or file name, whatever its case.' })
  documentTitle?: string | null;

  @Field(() => Int, { nullable: true, description: '1-based.' })
  page?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'What the passage holds, whatever its case, width and spaces.',
  })
  text?: string | null;
}

@ObjectType('RankingMeasures')
export class RankingMeasures {
  @Field(() => Float, { description: 'Share of the questions whose right passage is the first hit.' })
  recallAt1!: number;

  @Field(() => Float, { description: 'Share of the questions whose right passage is among the first five.' })
  recallAt5!: number;

  @Field(() => Float, { description: 'Mean of 1 / rank of the first right passage.' })
  mrr!: number;
}

@ObjectType('Tuning', {
  description:
    'Ranking parameters that were fitted to one half of the rated questions and measured on the other.',
})
export class Tuning {
  @Field(() => ID)
  knowledgeBaseId!: string;

  @Field(() => Int, { description: 'Different questions that were given, or rated.' })
  questions!: number;

  @Field(() => Int, { description: 'Of them those whose right passage is among the candidates.' })
  usable!: number;

  @Field(() => Int)
  fittedOn!: number;

  @Field(() => Int)
  heldOut!: number;

  @Field(() => String, { nullable: true })
  reranker!: string | null;

  @Field(() => Ranking)
  current!: Ranking;

  @Field(() => Ranking)
  fitted!: Ranking;

  @Field(() => RankingMeasures, { description: 'On the questions held out, by the current parameters.' })
  before!: RankingMeasures;

  @Field(() => RankingMeasures, { description: 'On the questions held out, by the fitted parameters.' })
  after!: RankingMeasures;

  @Field(() => Int, { description: 'Questions held out whose right passage is ranked higher than before.' })
  better!: number;

  @Field(() => Int)
  worse!: number;

  @Field(() => Float, {
    description: 'How likely chance alone makes as great a difference (sign test, two-sided).',
  })
  pValue!: number;

  @Field(() => Boolean)
  applied!: boolean;
}

export const TuningResult = outcomeOf(
  { name: 'TuningResult' },
  [Tuning, 'Tuning'],
  InvalidInput,
  NotFound,
  Forbidden,
  Unavailable,
);
