import { eventIterator, oc } from '@orpc/contract';
import { z } from 'zod';
import { Id, PageInput, pageOf } from '../ids.js';
import { Box } from './knowledge.model.js';
import { NamedFilter, SearchHit } from './retrieval.contract.js';

/** Name of the built-in answerer, which needs no chat model: it quotes the sources. */
export const EXTRACTIVE_MODEL = 'midplane-extractive';

export const MessageRole = z.enum(['USER', 'ASSISTANT', 'TOOL', 'SYSTEM']);
export type MessageRole = z.infer<typeof MessageRole>;
export const Rating = z.enum(['UP', 'DOWN']);
export type Rating = z.infer<typeof Rating>;

export const CitationView = z.object({
  /** The number shown in the text: [1]. */
  index: z.int().min(1),
  chunkId: Id,
  documentId: Id,
  documentTitle: z.string(),
  page: z.int().nullable(),
  boxes: z.array(Box),
  quote: z.string(),
  supported: z.boolean(),
});
export type CitationView = z.infer<typeof CitationView>;

export const TokenUsage = z.object({
  promptTokens: z.int(),
  completionTokens: z.int(),
  costMicros: z.int(),
  cached: z.boolean(),
});
export type TokenUsage = z.infer<typeof TokenUsage>;

export const AnswerView = z.object({
  id: Id,
  conversationId: Id,
  text: z.string(),
  abstained: z.boolean(),
  /**
   * How likely the passages hold the answer to every part of the question (0–1), by the judgement of the built-in answerer; null
   * where no passage was found.
   */
  probability: z.number().nullable(),
  citations: z.array(CitationView),
  /** Where it abstained: the sentences that come closest. They don't answer; at most three. */
  closest: z.array(CitationView),
  label: z.string(),
  model: z.string(),
  modelVersion: z.string(),
  usage: TokenUsage,
  manifestId: Id,
});
export type AnswerView = z.infer<typeof AnswerView>;

/** What a tenant decides about its answers. */
export const AnswerSettings = z.object({
  /** Least probability (0–1) of an answer with which the built-in answerer answers. */
  threshold: z.number().min(0).max(1),
  isDefault: z.boolean(),
});
export type AnswerSettings = z.infer<typeof AnswerSettings>;

export const AskInput = z.object({
  question: z.string(),
  knowledgeBaseIds: z.array(Id).max(50).default([]),
  conversationId: Id.optional(),
  model: z.string().optional(),
  topK: z.int().min(1).max(50).default(8),
  /** Whether what the question names (a document, a page, a date, a heading) limits its search. */
  namedFilters: z.boolean().default(true),
});
export type AskInput = z.input<typeof AskInput>;

/** A stream of an answer, in order: sources once, tokens, then done. It ends early only by a thrown problem. */
export const AnswerEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('sources'), hits: z.array(SearchHit), filters: z.array(NamedFilter) }),
  z.object({ type: z.literal('token'), text: z.string() }),
  z.object({ type: z.literal('done'), answer: AnswerView }),
]);
export type AnswerEvent = z.infer<typeof AnswerEvent>;

export const ConversationView = z.object({
  id: Id,
  title: z.string(),
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type ConversationView = z.infer<typeof ConversationView>;

export const MessageView = z.object({
  id: Id,
  role: MessageRole,
  text: z.string(),
  createdAt: z.date(),
  answer: AnswerView.nullable(),
  rating: Rating.nullable(),
});
export type MessageView = z.infer<typeof MessageView>;

/** Conversations belong to their user: another user of the same tenant does not see them. */
export const sessionsContract = {
  /** Throws INVALID_INPUT, CONVERSATION_NOT_FOUND, and what retrieval and the model throw. */
  ask: oc.input(AskInput).output(eventIterator(AnswerEvent)),
  conversations: oc.input(PageInput).output(pageOf(ConversationView)),
  conversation: oc.input(z.object({ id: Id })).output(ConversationView.nullable()),
  messages: oc.input(PageInput.extend({ conversationId: Id })).output(pageOf(MessageView)),
  rateMessage: oc
    .input(z.object({ messageId: Id, rating: Rating, comment: z.string().max(2000).optional() }))
    .output(MessageView.nullable()),
  /**
   * The latest questions that anybody of the tenant asked this knowledge base, in one piece,, and whose answer they rated
   * up, each with the chunk that its answer cites first. For tuning alone: it shows users' questions to nobody, and
   * asks for the right to update the knowledge base.
   */
  ratedQuestions: oc
    .input(z.object({ knowledgeBaseId: Id, limit: z.int().min(1).max(1000) }))
    .output(z.array(z.object({ question: z.string(), chunkId: Id }))),
  answerSettings: oc.output(AnswerSettings),
  /** Throws FORBIDDEN. */
  setAnswerSettings: oc
    .input(z.object({ threshold: AnswerSettings.shape.threshold.nullable() }))
    .output(AnswerSettings),
  /** Erases the answers that cite a document. @returns how many were erased, and how many are left (0). */
  eraseAnswersFrom: oc
    .input(z.object({ documentIds: z.array(Id).min(1).max(1000) }))
    .output(z.object({ erased: z.int(), left: z.int() })),
};
