import type { Locale } from '@midplane/contracts';

/** Kept in the manifest where a model completed the question. */
export const COMPLETE_PROMPT = { id: 'complete-question', version: 1 } as const;

const SYSTEM: Record<Locale, string> = {
  en: `Rewrite the last question of a conversation so that it can be understood without the conversation: put in what pronouns and omissions stand for. Change nothing else, do not answer it. If it can be understood already, repeat it. Reply with the question alone, in English, on one line.`,
  zh: `改写对话中的最后一个问题，使其脱离对话也能被理解：补全代词和省略所指的内容。不要改动其他内容，不要回答问题。如果原问题已经完整，就原样重复。只回复改写后的问题，用中文，占一行。`,
};

/** @returns the instructions, in the language of the question */
export const completeSystem = (language: Locale): string => SYSTEM[language];

/** @param turns questions and answers so far, oldest first */
export function completeUser(
  language: Locale,
  turns: { question: string; answer: string }[],
  question: string,
): string {
  const [q, a, last] = language === 'zh' ? ['问', '答', '最后的问题'] : ['Q', 'A', 'Last question'];
  const past = turns.map((turn) => `${q}: ${turn.question}\n${a}: ${turn.answer}`).join('\n');
  return `${past}\n\n${last}: ${question}`;
}
