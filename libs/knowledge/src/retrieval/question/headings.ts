import { formsOf, NUMBER, numberOf } from './numbers.js';

/** A part of a document that a question names by its number or its title. */
export interface NamedHeading {
  /** As the question writes it. */
  value: string;
  /** Of which a heading fulfils one: Postgres regular expressions over the heading in lower case, half width. */
  patterns: string[];
}

const CHINESE = new RegExp(
  `第(${NUMBER})(章|部分|篇|[节節条條](?=$|[\\s的里裡中内內上规規说說讲講写寫对對要是款项項，,。；;、？?（(]))`,
  'gu',
);
const ENGLISH =
  /\b(chapter|section|appendix|article|clause|annex)\s+(\d{1,3}(?:\.\d{1,3})*|[ivx]{1,5}|[a-h]|one|two|three|four|five|six|seven|eight|nine|ten)\b/giu;
const NUMBERED = /§\s*(\d{1,3}(?:\.\d{1,3})*)|第\s*(\d{1,3}(?:\.\d{1,3})+)\s*[节節条條]/gu;
/** A title in quotes, marked as one: under 'Expenses', the "Expenses" section, “报销”一节. */
const QUOTED = [
  /\b(?:under|beneath)\s+(?:the\s+(?:heading|title)\s+)?["“‘']([^"”’']{2,60})["”’'](?!\p{L})/giu,
  /\b(?:section|chapter|heading)\s+(?:called\s+|titled\s+|named\s+|on\s+)?["“‘']([^"”’']{2,60})["”’'](?!\p{L})/giu,
  /["“‘']([^"”’']{2,60})["”’']\s+(?:section|chapter|heading)\b/giu,
  /["“「『]([^"”」』]{2,40})["”」』](?:这|這|那)?(?:一)?(?:章节|章節|小节|小節|章|节|節|部分|标题|標題)/gu,
  /(?:标题|標題|章节|章節|小节|小節)["“「『]([^"”」』]{2,40})["”」』]/gu,
  // Without quotes only as "in the expenses section".
  /\bin the ((?!(?:first|second|third|last|next|same|following|previous|main|this|that)\b)[\p{L}-]+(?: [\p{L}-]+){0,2}) section\b/giu,
];

const CHINESE_OF: Record<string, string> = { chapter: '章', section: '节', article: '条', clause: '条' };
const ENGLISH_OF: Record<string, string> = {
  章: 'chapter',
  节: 'section',
  节次: 'section',
  条: 'article',
  部分: 'part',
  篇: 'part',
};
const SIMPLE: Record<string, string> = { 節: '节', 條: '条' };

/** @returns the parts of documents that a question names, each once */
export function headingsIn(question: string): NamedHeading[] {
  const found: NamedHeading[] = [];
  const add = (value: string, patterns: string[]) => {
    if (patterns.length > 0 && !found.some((each) => each.value === value)) found.push({ value, patterns });
  };
  for (const [value, number, unit] of question.matchAll(CHINESE)) {
    const kind = SIMPLE[unit!] ?? unit!;
    add(value, numberedPatterns(numberOf(number!), kind, ENGLISH_OF[kind]!));
  }
  for (const [value, kind, number] of question.matchAll(ENGLISH)) {
    const english = kind!.toLowerCase();
    if (number!.includes('.')) add(value, [dotted(number!)]);
    else if (/^[a-h]$/iu.test(number!) && !/^i$/iu.test(number!))
      add(value, [`^\\s*${english}\\s*${number!.toLowerCase()}\\y`]);
    else add(value, numberedPatterns(numberOf(number!), CHINESE_OF[english], english));
  }
  for (const [value, section, chinese] of question.matchAll(NUMBERED))
    add(value, [dotted(section ?? chinese!)]);
  for (const pattern of QUOTED) {
    for (const [, title] of question.matchAll(pattern))
      add(title!.trim(), [escaped(title!.trim().toLowerCase())]);
  }
  return found;
}

/** "chapter 3", 第三章, "3. Leave", 三、请假: the number in any of its forms at the beginning. */
function numberedPatterns(
  number: number | undefined,
  chinese: string | undefined,
  english: string,
): string[] {
  if (number === undefined) return [];
  const forms = formsOf(number).join('|');
  const own = `^\\s*${english}\\s*(${forms})\\y`;
  if (!chinese) return [own];
  const units = chinese === '节' ? '[节節]' : chinese === '条' ? '[条條]' : chinese;
  // A bare number is a chapter's; a section's or an article's has to say so.
  const bare = chinese === '章' ? [`^\\s*${number}(?![.\\d]*\\d)`, `^\\s*(${forms})、`] : [];
  return [own, `^\\s*第\\s*(${forms})\\s*${units}`, ...bare];
}

/** 4.2, but not 4.2.1 or 4.20. */
const dotted = (number: string): string => `^\\s*((section|§|第)\\s*)?${escaped(number)}(?!\\.?\\d)`;

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/gu, '\\$&');
