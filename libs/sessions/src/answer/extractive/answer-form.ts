import { normalized } from '../../text/simplified.js';

/** What a question says of its answer beyond the type. */
export interface AnswerForm {
  /** A year is asked for. */
  year: boolean;
  /** More than one thing is asked for. */
  several: boolean;
  /** What is asked for must be one, in Chinese: 城市 of 哪座城市, 职务 of 什么职务. */
  kind: string | undefined;
  /** A number of what is counted: 12 人 where 多少人 was asked, "12 new members" where "how many members" was. */
  counted: RegExp | undefined;
}

const YEAR_ASKED = /\b(?:what|which) year\b|哪一?年|何年/iu;
const YEAR = /\b1\d{3}\b|\b20\d{2}\b|\d{3,4}\s*年|[一二三四五六七八九〇零]{4}年/u;
const SEVERAL =
  /哪些|有哪|什么样的?人|\b(?:what|which|who) (?:are|were)\b|\bnames? of\b|\btypes?\b|\bkinds?\b/iu;
const KIND =
  /(?:哪[个些一家所座位种项支部条]*|什么)(\p{Script=Han}{2,4}?)(?=[的是在被为与和将会]|[？?，]|$)/u;
const COUNTED_ZH = /(?:多少|几)(\p{Script=Han}{1,2})/u;
const COUNTED_EN = /\bhow (?:many|much) (\w+)/iu;
/** What parts the things of an enumeration. */
const PARTED = /、|, (?=\w+(?:,| and))/gu;
/** So many of them make a long one. */
const MANY = 4;

/** @returns what a question says of its answer */
export function formOf(question: string): AnswerForm {
  const text = normalized(question);
  return {
    year: YEAR_ASKED.test(text),
    several: SEVERAL.test(text),
    kind: KIND.exec(text)?.[1],
    counted: countedIn(text),
  };
}

function countedIn(question: string): RegExp | undefined {
  const chinese = COUNTED_ZH.exec(question)?.[1];
  if (chinese) return new RegExp(`[\\d〇零一二两三四五六七八九十百千万亿]\\s*余?多?${chinese}`, 'u');
  const english = COUNTED_EN.exec(question)?.[1];
  return english ? new RegExp(`\\d[\\d,.]*(?:\\s+\\w+){0,2}\\s+${english}`, 'iu') : undefined;
}

/** @returns whether a sentence names a year */
export const showsYear = (sentence: string): boolean => YEAR.test(sentence);

/** @returns how long an enumeration a sentence holds, 0–1 */
export const enumerates = (sentence: string): number =>
  Math.min(1, (sentence.match(PARTED)?.length ?? 0) / MANY);

/** @returns whether a sentence names one of a kind by the kind's last character: 广州市 is a 城市 */
export function namesKind(sentence: string, kind: string): boolean {
  const others = normalized(sentence).replaceAll(kind, '');
  return new RegExp(`\\p{Script=Han}${kind.at(-1)}`, 'u').test(others);
}
