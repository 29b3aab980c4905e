import { estimateTokens } from '@midplane/kernel';
import type { AnswerRequest, Turn } from '../answerer.port.js';
import type { Passage } from '../passage.js';
import type { ChatMessage } from './chat-model.js';
import { answerPassage, answerSystem, answerUser } from './prompts/answer.v1.js';

export interface BuiltPrompt {
  messages: ChatMessage[];
  /** The passages that found room: the first ones, so that [n] counts on. */
  passages: Passage[];
  /** The turns that found room: the latest ones. */
  turns: Turn[];
}

/** Share of the window that earlier turns may take; the rest is for passages. */
const TURNS_SHARE = 0.2;
const MOST_TURNS = 6;
/** Tokens that a message costs beside its text. */
const MESSAGE_OVERHEAD = 8;

/**
 * Assembles the prompt within the model's window: instructions and question always, the latest turns within a
 * fifth of what is left, then passages from the best on, each with its neighbours where they fit, else alone.
 * @param budget tokens for the prompt
 */
export function buildPrompt(request: AnswerRequest, budget: number): BuiltPrompt {
  const system = answerSystem(request.language);
  let left = budget - estimateTokens(system) - estimateTokens(request.standalone) - 4 * MESSAGE_OVERHEAD;

  const turns = latestTurns(request.turns, left * TURNS_SHARE);
  for (const turn of turns) left -= costOf(turn);

  const passages: Passage[] = [];
  const shown: string[] = [];
  for (const passage of request.passages) {
    const fitting = [passage.context, passage.text]
      .map((text) => showPassage(passage, text))
      .find((text) => estimateTokens(text) <= left);
    const text =
      fitting ??
      (passages.length === 0 ? showPassage(passage, passage.text.slice(0, Math.max(0, left))) : undefined);
    if (text === undefined) break;
    left -= estimateTokens(text);
    passages.push(passage);
    shown.push(text);
  }

  const past = turns.flatMap((turn): ChatMessage[] => [
    { role: 'user', content: turn.question },
    { role: 'assistant', content: uncited(turn.answer) },
  ]);
  return {
    messages: [
      { role: 'system', content: system },
      ...past,
      { role: 'user', content: answerUser(request.language, shown, request.standalone) },
    ],
    passages,
    turns,
  };
}

/** @returns the latest turns that fit, oldest first */
function latestTurns(turns: readonly Turn[], budget: number): Turn[] {
  const kept: Turn[] = [];
  let left = budget;
  for (const turn of turns.toReversed().slice(0, MOST_TURNS)) {
    left -= costOf(turn);
    if (left < 0) break;
    kept.unshift(turn);
  }
  return kept;
}

const costOf = (turn: Turn): number =>
  estimateTokens(turn.question) + estimateTokens(turn.answer) + 2 * MESSAGE_OVERHEAD;

/** Numbers of earlier answers point at other passages. */
const uncited = (answer: string): string => answer.replace(/\s*\[\d{1,2}\]/gu, '');

function showPassage(passage: Passage, text: string): string {
  const { documentTitle, page, headings } = passage.hit;
  return answerPassage({
    number: passage.number,
    document: documentTitle,
    page,
    section: headings.join(' > '),
    text,
  });
}
