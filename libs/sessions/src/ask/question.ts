import { invalidInput } from '@midplane/kernel';

const LONGEST = 4_000;

const MESSAGES = {
  empty: { en: 'write a question', zh: '请输入问题' },
  long: {
    en: `at most ${LONGEST} characters; put long texts into a document and ask about that`,
    zh: `最多 ${LONGEST} 个字符；长文本请作为文档上传后再提问`,
  },
} as const;

/**
 * @param text a question as it came in
 * @returns it without control characters and the white space around it
 * @throws UserError INVALID_INPUT where nothing is left, or more than 4,000 characters
 */
export function readQuestion(text: string): string {
  const question = text
    .replace(
      /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F\u200B\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/gu,
      '',
    )
    .trim();
  if (!/[\p{L}\p{N}]/u.test(question)) throw invalidInput('question', MESSAGES.empty);
  if ([...question].length > LONGEST) throw invalidInput('question', MESSAGES.long);
  return question;
}

/** @returns a conversation's title: its first question on one line, at most 80 characters */
export function titleOf(question: string): string {
  const characters = [...question.replace(/\s+/gu, ' ')];
  return characters.length <= 80 ? characters.join('') : `${characters.slice(0, 79).join('').trimEnd()}…`;
}
