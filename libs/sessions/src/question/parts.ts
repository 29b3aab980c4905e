import type { Locale } from '@midplane/contracts';
import { completeChinese } from '../follow-up/chinese.js';
import { completeEnglish } from '../follow-up/english.js';
import { toSimplified } from '../text/simplified.js';
import { contentWords } from '../text/words.js';
import { chineseClauses } from './chinese-clauses.js';
import { englishClauses } from './english-clauses.js';

/** As many parts as are searched at most: what comes after stays with the last of them. */
const MOST_PARTS = 4;

/** "1.", "2)", "（三）", "①", "- ": the mark of an item, at the beginning or after a mark or space. */
const ITEM =
  /(?:^|(?<=[\s:：;；,，。.?？]))(?:[(（](?:\d{1,2}|[一二三四五六七八九十]|[a-h])[)）]|\d{1,2}(?:[.)）、](?!\d))|[①-⑩]|(?:^|(?<=\n))[-*•])\s*/gu;

/**
 * Cuts a question that asks several things into questions that can be searched one by one: "How many days of leave
 * do I get, and how do I apply for it?", "年假几天？怎么申请？", lists of questions. What the first part is about is
 * carried into the later ones, and so is what it begins with ("In the travel policy, …", "如果离职，…"). Where it is
 * not sure, it does not cut: "the difference between A and B", "R and D", "when and where".
 * @param question that can be understood without its conversation
 * @returns one to four questions in their order; the question as it is where it asks one thing
 */
export function partsOf(question: string, language: Locale): string[] {
  const clauses = language === 'zh' ? chineseClauses : englishClauses;
  const cut = (itemsOf(question) ?? [question]).flatMap(clauses).map((part) => part.trim());
  const parts = limited(cut.filter((part) => part !== ''));
  if (parts.length < 2) return [question];
  return carried(parts, language);
}

/** The items of a list with at least two of them, each of which says something; what stands before goes to the first. */
function itemsOf(question: string): string[] | undefined {
  const marks = [...question.matchAll(ITEM)];
  if (marks.length < 2) return undefined;
  const items = marks.map((mark, i) => {
    const end = marks[i + 1]?.index ?? question.length;
    return question.slice(mark.index + mark[0].length, end).trim();
  });
  if (items.some((item) => contentWords(item).length === 0)) return undefined;
  const lead = question.slice(0, marks[0]!.index).trim();
  return lead === '' || /[:：]$/u.test(lead) ? items : [`${lead} ${items[0]}`, ...items.slice(1)];
}

function limited(parts: string[]): string[] {
  if (parts.length <= MOST_PARTS) return parts;
  return [...parts.slice(0, MOST_PARTS - 1), parts.slice(MOST_PARTS - 1).join(' ')];
}

/** "In the travel policy, ", "如果离职，", "根据《员工手册》，": it holds for all that follows. */
const FRAME = {
  en: /^(?!\w+ (?:what|which|whose|how|is|are|was|were|do|does|did|can|could|will|would|should|must|has|have|had|to)\b)(?:in|according to|under|per|on page|as per|for|if|when)\s[^,?;]{2,80},\s*/iu,
  zh: /^(?![^，,]*(?:什么|哪|谁|几|多少))(?:(?:如果|假如|要是|若|根据|按照|依据|关于|对于|在)[^，,？?；;]{2,40}|《[^》]{1,60}》[^，,？?；;]{0,8})[，,]\s*/u,
};

/** Gives the later parts what the first is about, as follow-ups get it from the question before. */
function carried([first, ...rest]: string[], language: Locale): string[] {
  const complete = language === 'zh' ? completeChinese : completeEnglish;
  const frame = FRAME[language].exec(language === 'zh' ? toSimplified(first!) : first!)?.[0] ?? '';
  const begin = first!.slice(0, frame.length);
  const parts = [first!];
  let earlier = first!.slice(frame.length);
  for (const part of rest) {
    const own = FRAME[language].test(part) ? '' : begin;
    const text = capital(complete(part, earlier, '')?.text ?? part, own);
    parts.push(own + text);
    earlier = text;
  }
  return parts;
}

const capital = (text: string, before: string): string =>
  before === '' ? text.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase()) : text;
