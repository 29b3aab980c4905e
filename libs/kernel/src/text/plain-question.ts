/** Full-width letters and digits, and the signs that stand within codes and addresses. */
const FULL_WIDTH = /[\uFF10-\uFF19\uFF21-\uFF3A\uFF41-\uFF5A\uFF05\uFF0B\uFF0D\uFF0E\uFF20\uFF3F]/gu;
/** 年 假 有 几 天: single characters with spaces between, as they come from forms and copied PDFs. */
const SPACED_HAN = /(?<!\p{Script=Han})\p{Script=Han}(?:[ \t\u3000]+\p{Script=Han}(?!\p{Script=Han}))+/gu;
const REPEATED = /([?!？！。，,、~～…])(?:\s*\1)+/gu;
/** Three words and more, all in capitals. */
const SHOUTED = /^(?=(?:[^\p{L}]*\p{Lu}{2,}(?!\p{L})){3})[^\p{Ll}\p{Lo}]+$/u;

/**
 * A question without what typing and copying add to it and a reader overlooks: full-width letters, spaces between
 * single Chinese characters, repeated marks, capitals throughout. Words, marks and line breaks stay.
 */
export function plainQuestion(text: string): string {
  const plain = text
    .replace(FULL_WIDTH, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0))
    .replaceAll('\u3000', ' ')
    .replace(SPACED_HAN, (run) => run.replace(/\s+/gu, ''))
    .replace(REPEATED, '$1')
    .replace(/[^\S\n]+/gu, ' ')
    .trim();
  return SHOUTED.test(plain) ? plain.toLowerCase() : plain;
}
