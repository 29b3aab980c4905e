import type { Locale } from '@midplane/contracts';
import type { Turn } from '../answer/answerer.port.js';
import type { QuestionCompleter, StandaloneQuestion } from './completer.port.js';
import { completeEnglish } from './english.js';
import { completeChinese } from './chinese.js';

/** What the rules made of a question; undefined where it could be understood already. */
export interface Completion {
  text: string;
  /** Whether words of the last answer came in. */
  fromAnswer: boolean;
}

/** No question that the rules make is longer: what is longer has gone wrong. */
const LONGEST = 1_000;

/**
 * Completes follow-ups without a model: what is left out ("and for part-time staff?", "那兼职员工呢？") is taken
 * from the question before, and a pronoun gives way to what that question was about.
 */
export class RuleCompleter implements QuestionCompleter {
  async complete(question: string, turns: readonly Turn[], language: Locale): Promise<StandaloneQuestion> {
    const last = turns.at(-1);
    if (!last) return { text: question, by: 'asked', documentIds: [] };
    const complete = language === 'zh' ? completeChinese : completeEnglish;
    const done = complete(question, last.question, last.abstained ? '' : last.answer);
    if (!done || done.text.length > LONGEST) return { text: question, by: 'asked', documentIds: [] };
    return { text: done.text, by: 'rules', documentIds: done.fromAnswer ? last.documentIds : [] };
  }
}
