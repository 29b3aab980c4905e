import type { ConversationView, MessageView, Page, PageInput, Rating } from '@midplane/contracts';
import { authorize, currentContext, Database, decodeCursor, toPage, UserError } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import type { Turn } from '../answer/answerer.port.js';
import { ConversationRepository, type RatedQuestion } from './conversation.repository.js';
import { conversationView, messageView } from './views.js';

/** Turns that a follow-up or a prompt can look back on. */
const TURNS = 8;

/** What a new question finds of its conversation. */
export interface ConversationSoFar {
  /** Oldest first; answers whose source was deleted are left out. */
  turns: Turn[];
  /** The knowledge bases that the latest question was asked of. */
  knowledgeBaseIds: string[];
}

/** Conversations of the calling user; those of others are not there. */
@Injectable()
export class ConversationService {
  constructor(
    private readonly database: Database,
    private readonly conversations: ConversationRepository,
  ) {}

  /** The user's conversations, newest first. */
  async list({ first, after }: PageInput): Promise<Page<ConversationView>> {
    authorize('read', 'Conversation');
    const { userId } = currentContext().principal;
    const page = { first, after: decodeCursor(after) };
    return this.database.tenant(async (manager) =>
      toPage(
        await this.conversations.list(manager, userId, page),
        first,
        await this.conversations.count(manager, userId),
        conversationView,
      ),
    );
  }

  /** @returns null where the user has no such conversation */
  async get(id: string): Promise<ConversationView | null> {
    authorize('read', 'Conversation');
    const { userId } = currentContext().principal;
    const found = await this.database.tenant((manager) => this.conversations.find(manager, id, userId));
    return found && conversationView(found);
  }

  /** A conversation's messages, oldest first. @throws UserError CONVERSATION_NOT_FOUND */
  async messages(input: PageInput & { conversationId: string }): Promise<Page<MessageView>> {
    authorize('read', 'Conversation');
    const { first, conversationId } = input;
    const page = { first, after: decodeCursor(input.after) };
    return this.database.tenant(async (manager) => {
      if (!(await this.conversations.find(manager, conversationId, currentContext().principal.userId))) {
        throw new UserError('CONVERSATION_NOT_FOUND', { id: conversationId });
      }
      return toPage(
        await this.conversations.messages(manager, conversationId, page),
        first,
        await this.conversations.countMessages(manager, conversationId),
        messageView,
      );
    });
  }

  /** Rates an answer; a second rating takes the place of the first. @returns null where the user has no such message */
  async rate(messageId: string, rating: Rating, comment?: string): Promise<MessageView | null> {
    authorize('update', 'Conversation');
    const { userId } = currentContext().principal;
    const rated = await this.database.tenant((manager) =>
      this.conversations.rate(manager, messageId, userId, rating, comment),
    );
    return rated && messageView(rated);
  }

  /**
   * What users of the tenant asked a knowledge base and rated up, for tuning it.
   * @throws UserError FORBIDDEN for those who may not tune it
   */
  async ratedUp(knowledgeBaseId: string, limit: number): Promise<RatedQuestion[]> {
    authorize('update', 'KnowledgeBase');
    return this.database.tenant((manager) => this.conversations.ratedUp(manager, knowledgeBaseId, limit));
  }

  /** @throws UserError CONVERSATION_NOT_FOUND */
  async soFar(conversationId: string): Promise<ConversationSoFar> {
    authorize('read', 'Conversation');
    const answered = await this.database.tenant(async (manager) => {
      const { userId } = currentContext().principal;
      if (!(await this.conversations.find(manager, conversationId, userId))) {
        throw new UserError('CONVERSATION_NOT_FOUND', { id: conversationId });
      }
      return this.conversations.latestTurns(manager, conversationId, TURNS);
    });
    return {
      turns: answered
        .filter((turn) => !turn.answer.erased)
        .map((turn) => ({
          messageId: turn.messageId,
          question: turn.manifest.question.searched,
          answer: turn.text,
          abstained: turn.answer.abstained,
          documentIds: turn.manifest.textDocumentIds,
        })),
      knowledgeBaseIds: answered.at(-1)?.manifest.knowledgeBaseIds ?? [],
    };
  }
}
