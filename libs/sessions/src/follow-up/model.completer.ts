import type { Locale } from '@midplane/contracts';
import type { Turn } from '../answer/answerer.port.js';
import type { ChatModel } from '../answer/chat/chat-model.js';
import { completeSystem, completeUser } from '../answer/chat/prompts/complete-question.v1.js';
import type { QuestionCompleter, StandaloneQuestion } from './completer.port.js';

/** Turns that the model sees, and how much of each answer. */
const TURNS = 4;
const ANSWER_CHARACTERS = 400;
/** Somebody waits, and the rules are there: a slow model is not waited for. */
const TIMEOUT_MS = 10_000;
const MAX_TOKENS = 200;

/** Has the chat model complete follow-ups; whatever it does wrong, the rules do instead. */
export class ModelCompleter implements QuestionCompleter {
  constructor(
    private readonly model: ChatModel,
    private readonly rules: QuestionCompleter,
  ) {}

  async complete(
    question: string,
    turns: readonly Turn[],
    language: Locale,
    signal: AbortSignal,
  ): Promise<StandaloneQuestion> {
    const past = turns.filter((turn) => turn.question !== '').slice(-TURNS);
    if (past.length === 0) return { text: question, by: 'asked', documentIds: [] };
    const shown = past.map((turn) => ({
      question: turn.question,
      answer: turn.answer.slice(0, ANSWER_CHARACTERS),
    }));
    const documentIds = [...new Set(past.flatMap((turn) => turn.documentIds))];
    try {
      const reply = await this.model.complete({
        messages: [
          { role: 'system', content: completeSystem(language) },
          { role: 'user', content: completeUser(language, shown, question) },
        ],
        maxTokens: MAX_TOKENS,
        firstTokenTimeoutMs: TIMEOUT_MS,
        documentIds,
        knowledgeBaseIds: [],
        signal: AbortSignal.any([signal, AbortSignal.timeout(2 * TIMEOUT_MS)]),
      });
      const text = reply.replace(/<think>.*?<\/think>/su, '').trim();
      if (isQuestion(text, question)) {
        if (text === question) return { text, by: 'asked', documentIds: [] };
        return { text, by: 'model', documentIds };
      }
    } catch {
      signal.throwIfAborted();
    }
    return this.rules.complete(question, turns, language, signal);
  }
}

/** A rewritten question is one line and not many times as long: anything else is an answer or chatter. */
function isQuestion(text: string, question: string): boolean {
  return text !== '' && !text.includes('\n') && text.length <= 4 * question.length + 200;
}
