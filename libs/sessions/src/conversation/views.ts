import type { AnswerView, ConversationView, MessageView } from '@midplane/contracts';
import { phrase } from '../answer/phrases.js';
import type { ConversationEntity } from './conversation.entity.js';
import type { MessageEntity, StoredAnswer } from './message.entity.js';

/** A conversation as its user sees it. */
export function conversationView({ id, title, createdAt, updatedAt }: ConversationEntity): ConversationView {
  return { id, title, createdAt, updatedAt };
}

/** A message as its user sees it. */
export function messageView(message: MessageEntity): MessageView {
  const { id, role, text, createdAt, answer, rating } = message;
  return { id, role, text, createdAt, answer: answer && answerView(message, answer), rating };
}

/** An answer as its user sees it, labelled in its own language. */
export function answerView(
  message: Pick<MessageEntity, 'id' | 'conversationId' | 'text'>,
  answer: StoredAnswer,
): AnswerView {
  const { language, erased: _, ...shown } = answer;
  return {
    id: message.id,
    conversationId: message.conversationId,
    text: message.text,
    label: phrase('label', language),
    ...shown,
    // Answers of an earlier version have neither.
    probability: shown.probability ?? null,
    closest: shown.closest ?? [],
  };
}
