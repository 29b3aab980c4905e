import { Args, Context, ID, Int, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { PageInput, type Rating } from '@midplane/contracts';
import { authorize, invalidInput, type ServiceClient, ServiceRegistry } from '@midplane/kernel';
import { idOr, parseInput } from '../input/parse-input.js';
import type { OperationContext } from '../operation/operation-context.js';
import { type Connection, toConnection } from '../page/page.types.js';
import {
  Conversation,
  ConversationConnection,
  Message,
  MessageConnection,
  RatingEnum,
} from './conversation.types.js';

const MAX_COMMENT = 2000;

@Resolver(() => Conversation)
export class ConversationResolver {
  private readonly sessions: ServiceClient<'sessions'>;

  constructor(services: ServiceRegistry) {
    this.sessions = services.client('sessions');
  }

  @Query(() => ConversationConnection)
  async conversations(
    @Args('first', { type: () => Int, nullable: true, defaultValue: 20 }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
  ): Promise<Connection<Conversation>> {
    authorize('read', 'Conversation');
    const page = await this.sessions.conversations(parseInput(PageInput, { first, after }));
    return toConnection(page, (view) => view);
  }

  @Query(() => Conversation, { nullable: true })
  async conversation(@Args('id', { type: () => ID }) id: string): Promise<Conversation | null> {
    authorize('read', 'Conversation');
    return this.sessions.conversation({ id: idOr('CONVERSATION_NOT_FOUND', id) });
  }

  @ResolveField(() => MessageConnection)
  async messages(
    @Parent() { id: conversationId }: Conversation,
    @Args('first', { type: () => Int, nullable: true, defaultValue: 50 }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: OperationContext,
  ): Promise<Connection<Message>> {
    authorize('read', 'Conversation');
    const page = await this.sessions.messages({
      conversationId,
      ...parseInput(PageInput, { first, after }),
    });
    context.answerIds.push(...page.nodes.flatMap((message) => message.answer?.id ?? []));
    return toConnection(page, (view) => view);
  }

  @Mutation(() => Message, { nullable: true })
  async rateMessage(
    @Args('messageId', { type: () => ID }) messageId: string,
    @Args('rating', { type: () => RatingEnum }) rating: Rating,
    @Args('comment', { type: () => String, nullable: true }) comment: string | null,
    @Context() context: OperationContext,
  ): Promise<Message | null> {
    authorize('update', 'Conversation');
    if (comment && comment.length > MAX_COMMENT) {
      throw invalidInput('comment', {
        en: `expected at most ${MAX_COMMENT} characters`,
        zh: `不得超过 ${MAX_COMMENT} 个字符`,
      });
    }
    const message = await this.sessions.rateMessage({
      messageId: idOr('CONVERSATION_NOT_FOUND', messageId),
      rating,
      comment: comment ?? undefined,
    });
    if (message?.answer) context.answerIds.push(message.answer.id);
    return message;
  }
}
