import { ServiceRegistry } from '@midplane/kernel';
import { Module } from '@nestjs/common';
import { AnswerRepository } from './answer/answer.repository.js';
import { Answerers } from './answer/answerers.js';
import { AnswerManifestEntity } from './answer/manifest.entity.js';
import { AnswerSourceEntity } from './answer/source.entity.js';
import { AskService } from './ask/ask.service.js';
import { ConversationEntity } from './conversation/conversation.entity.js';
import { ConversationRepository } from './conversation/conversation.repository.js';
import { ConversationService } from './conversation/conversation.service.js';
import { MessageEntity } from './conversation/message.entity.js';
import { AnswerErasureService } from './erasure/answer-erasure.service.js';
import { AnswerSettingsService } from './settings/answer-settings.service.js';
import { SessionsService } from './sessions.service.js';

/** Entities of conversations and answers, for `openKernel`. */
export const SESSIONS_ENTITIES = [
  ConversationEntity,
  MessageEntity,
  AnswerManifestEntity,
  AnswerSourceEntity,
];

/** The sessions service: conversations, follow-ups, answers with checked citations. */
@Module({
  providers: [
    {
      provide: Answerers,
      useFactory: (services: ServiceRegistry) => new Answerers(services),
      inject: [ServiceRegistry],
    },
    ConversationRepository,
    AnswerRepository,
    ConversationService,
    AnswerErasureService,
    AnswerSettingsService,
    AskService,
    SessionsService,
  ],
})
export class SessionsModule {}
