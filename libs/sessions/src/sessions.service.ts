import { ServiceRegistry } from '@midplane/kernel';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AskService } from './ask/ask.service.js';
import { ConversationService } from './conversation/conversation.service.js';
import { AnswerErasureService } from './erasure/answer-erasure.service.js';
import { AnswerSettingsService } from './settings/answer-settings.service.js';

/** The calls of the sessions contract, each with who does it. */
@Injectable()
export class SessionsService implements OnModuleInit {
  constructor(
    private readonly registry: ServiceRegistry,
    private readonly asking: AskService,
    private readonly conversations: ConversationService,
    private readonly erasure: AnswerErasureService,
    private readonly settings: AnswerSettingsService,
  ) {}

  onModuleInit(): void {
    this.registry.serve('sessions', {
      ask: (input) => this.asking.ask(input),
      conversations: (input) => this.conversations.list(input),
      conversation: ({ id }) => this.conversations.get(id),
      messages: (input) => this.conversations.messages(input),
      rateMessage: ({ messageId, rating, comment }) => this.conversations.rate(messageId, rating, comment),
      ratedQuestions: ({ knowledgeBaseId, limit }) => this.conversations.ratedUp(knowledgeBaseId, limit),
      answerSettings: () => this.settings.get(),
      setAnswerSettings: ({ threshold }) => this.settings.set(threshold),
      eraseAnswersFrom: ({ documentIds }) => this.erasure.eraseFrom(documentIds),
    });
  }
}
