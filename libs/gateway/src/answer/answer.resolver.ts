import {
  Args,
  Context,
  Extensions,
  Float,
  Info,
  Mutation,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import type { GraphQLResolveInfo } from 'graphql';
import { z } from 'zod';
import {
  type AnswerEvent as EventView,
  AnswerSettings as AnswerSettingsSchema,
  type AnswerSettings as AnswerSettingsView,
  type AnswerView,
  AskInput as AskSchema,
} from '@midplane/contracts';
import { authorize, type ServiceClient, ServiceRegistry } from '@midplane/kernel';
import { parseInput } from '../input/parse-input.js';
import type { OperationContext } from '../operation/operation-context.js';
import { withDocuments } from '../search/hits.js';
import { SearchHit } from '../search/search.types.js';
import {
  AnswerEvent,
  AnswerSettings,
  AnswerSettingsResult,
  AnswerSources,
  AskInput,
  AskResult,
} from './answer.types.js';

const SettingsSchema = z.object({ threshold: AnswerSettingsSchema.shape.threshold.nullable() });

@Resolver(() => AnswerSources)
export class AnswerResolver {
  private readonly ingest: ServiceClient<'ingest'>;
  private readonly sessions: ServiceClient<'sessions'>;

  constructor(services: ServiceRegistry) {
    this.ingest = services.client('ingest');
    this.sessions = services.client('sessions');
  }

  @Mutation(() => AskResult, { complexity: 50 })
  async ask(@Args('input') input: AskInput, @Context() context: OperationContext): Promise<AnswerView> {
    for await (const event of await this.begin(input)) {
      if (event.type !== 'done') continue;
      context.answerIds.push(event.answer.id);
      return event.answer;
    }
    throw new Error('The stream of an answer ended without the answer.');
  }

  @Query(() => AnswerSettings)
  answerSettings(): Promise<AnswerSettingsView> {
    return this.sessions.answerSettings();
  }

  @Mutation(() => AnswerSettingsResult, {
    description: 'Sets from which probability on the built-in answerer answers; null gives back the default.',
  })
  setAnswerSettings(
    @Args('threshold', { type: () => Float, nullable: true }) threshold: number | null,
  ): Promise<AnswerSettingsView> {
    authorize('update', 'KnowledgeBase');
    return this.sessions.setAnswerSettings(parseInput(SettingsSchema, { threshold }));
  }

  @Subscription(() => AnswerEvent, { resolve: (event: EventView) => event })
  @Extensions({ complexity: 50 })
  askStream(@Args('input') input: AskInput): Promise<AsyncIterable<EventView>> {
    return this.begin(input);
  }

  @ResolveField(() => [SearchHit])
  hits(
    @Parent() { hits }: Extract<EventView, { type: 'sources' }>,
    @Info() info: GraphQLResolveInfo,
  ): Promise<SearchHit[]> {
    return withDocuments(hits, info, this.ingest);
  }

  private async begin(input: AskInput): Promise<AsyncIterable<EventView>> {
    authorize('ask', 'KnowledgeBase');
    return this.sessions.ask(parseInput(AskSchema, input));
  }
}
