import { createUnionType, Field, Float, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import type { AnswerEvent as AnswerEventView } from '@midplane/contracts';
import {
  Forbidden,
  InvalidInput,
  LimitExceeded,
  NotFound,
  outcomeOf,
  type ProblemValue,
  Refused,
  Unavailable,
} from '../problem/problem.types.js';
import { NamedFilter, SearchHit } from '../search/search.types.js';

@InputType('AskInput')
export class AskInput {
  @Field(() => String)
  question!: string;

  @Field(() => [ID], { nullable: true, defaultValue: [] })
  knowledgeBaseIds?: string[] | null;

  @Field(() => ID, {
    nullable: true,
    description: 'Continue a conversation; without it a new one starts.',
  })
  conversationId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "A model or a route by name; default: the tenant's default route.",
  })
  model?: string | null;

  @Field(() => Int, { nullable: true, defaultValue: 8 })
  topK?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: true,
    description: 'Whether a document, a page, a date or a heading that the question names limits its search.',
  })
  namedFilters?: boolean | null;
}

@ObjectType('Citation', { description: 'A sentence of the answer and the passage that carries it.' })
export class Citation {
  @Field(() => Int, { description: 'The number shown in the text: [1].' })
  index!: number;

  @Field(() => ID)
  chunkId!: string;

  @Field(() => ID)
  documentId!: string;

  @Field(() => String)
  documentTitle!: string;

  @Field(() => Int, { nullable: true })
  page!: number | null;

  @Field(() => [[Float]], {
    description: 'Boxes on that page, in points from its top left: [x, y, width, height].',
  })
  boxes!: number[][];

  @Field(() => String)
  quote!: string;

  @Field(() => Boolean, { description: 'Whether the check of the claim against the passage held.' })
  supported!: boolean;
}

@ObjectType('TokenUsage')
export class TokenUsage {
  @Field(() => Int)
  promptTokens!: number;

  @Field(() => Int)
  completionTokens!: number;

  @Field(() => Int)
  costMicros!: number;

  @Field(() => Boolean)
  cached!: boolean;
}

@ObjectType('Answer')
export class Answer {
  @Field(() => ID)
  id!: string;

  @Field(() => ID)
  conversationId!: string;

  @Field(() => String)
  text!: string;

  @Field(() => Boolean, {
    description:
      'True where the sources do not hold the answer: the text then says so and nothing is made up.',
  })
  abstained!: boolean;

  @Field(() => Float, {
    nullable: true,
    description: 'How likely the passages hold the answer, 0–1; null where none was found.',
  })
  probability!: number | null;

  @Field(() => [Citation])
  citations!: Citation[];

  @Field(() => [Citation], {
    description: 'Where it abstained: the sentences that come closest. They do not answer; at most three.',
  })
  closest!: Citation[];

  @Field(() => String, {
    description:
      'The visible label of AI-generated content; the same fact is in the metadata of every export.',
  })
  label!: string;

  @Field(() => String)
  model!: string;

  @Field(() => String)
  modelVersion!: string;

  @Field(() => TokenUsage)
  usage!: TokenUsage;

  @Field(() => ID, {
    description: 'Pins what made this answer: prompt, model, index snapshot, tool versions, passages.',
  })
  manifestId!: string;
}

@ObjectType('AnswerSettings')
export class AnswerSettings {
  @Field(() => Float, {
    description: 'Least probability of an answer with which the built-in answerer answers, 0–1.',
  })
  threshold!: number;

  @Field(() => Boolean)
  isDefault!: boolean;
}

export const AnswerSettingsResult = outcomeOf(
  { name: 'AnswerSettingsResult' },
  [AnswerSettings, 'AnswerSettings'],
  InvalidInput,
  Forbidden,
);

export const AskResult = outcomeOf(
  { name: 'AskResult' },
  [Answer, 'Answer'],
  InvalidInput,
  NotFound,
  Forbidden,
  LimitExceeded,
  Refused,
  Unavailable,
);

@ObjectType('AnswerSources')
export class AnswerSources {
  @Field(() => [SearchHit])
  hits!: SearchHit[];

  @Field(() => [NamedFilter], { description: 'What the question named and was limited to.' })
  filters!: NamedFilter[];
}

@ObjectType('AnswerToken')
export class AnswerToken {
  @Field(() => String)
  text!: string;
}

@ObjectType('AnswerDone')
export class AnswerDone {
  @Field(() => Answer)
  answer!: Answer;
}

const EVENT_TYPES = { sources: 'AnswerSources', token: 'AnswerToken', done: 'AnswerDone' } as const;

export const AnswerEvent = createUnionType({
  name: 'AnswerEvent',
  description: 'What a stream of an answer sends, in order: sources, then tokens, then the end.',
  types: () =>
    [
      AnswerSources,
      AnswerToken,
      AnswerDone,
      Refused,
      LimitExceeded,
      Unavailable,
      InvalidInput,
      NotFound,
      Forbidden,
    ] as const,
  resolveType: (event: AnswerEventView | ProblemValue) =>
    'type' in event ? EVENT_TYPES[event.type] : event.__typename,
});
