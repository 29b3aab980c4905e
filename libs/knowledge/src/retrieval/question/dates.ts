import type { NamedDocument } from './documents.js';

/** When a document that a question names is from. */
export interface NamedDate {
  /** 2024 or 2024-03. */
  value: string;
  /** What a title or a metadata value of that time holds: a Postgres regular expression over lower case. */
  pattern: string;
}

const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);
const MONTH = MONTHS.map((name) => `${name}|${name.slice(0, 3)}`).join('|');
const ENGLISH = new RegExp(`\\b(?:(${MONTH})\\.?\\s+)?((?:19|20)\\d{2})\\b`, 'giu');
const CHINESE = /((?:19|20)\d{2})\s*年(?:\s*(\d{1,2})\s*月)?/gu;

/** "documents from 2023", 2023年的文件: any document of that time. */
const ANY_DOCUMENT = [
  new RegExp(
    `\\b(?:documents?|files?|reports?|minutes)\\s+(?:from|of|dated|in|for)\\s+(?:(?:${MONTH})\\.?\\s+)?(?:19|20)\\d{2}\\b`,
    'iu',
  ),
  /(?:19|20)\d{2}\s*年(?:\s*\d{1,2}\s*月)?(?:度)?的?(?:文件|文档|文檔|资料|資料)/u,
];

/**
 * When the documents that a question names are from: "in the 2024 travel policy", "the travel policy of 2024",
 * 2023年度报告, 《年度报告》（2023年）. A year elsewhere ("the revenue in 2023") is what is asked about, and no filter.
 */
export function datesIn(question: string, documents: NamedDocument[]): NamedDate | undefined {
  for (const pattern of ANY_DOCUMENT) {
    const match = pattern.exec(question);
    if (match) return dateIn(match[0]);
  }
  for (const { value } of documents) {
    const within = dateIn(value);
    if (within) return within;
    const at = question.indexOf(value);
    if (at < 0) continue;
    const before = /(?:\d{4}\s*年(?:\s*\d{1,2}\s*月)?(?:度|版)?的?|\b(?:19|20)\d{2}\s)[《"“]?$/u.exec(
      question.slice(0, at),
    )?.[0];
    const after =
      /^[》"”]?\s*(?:[(（]?\d{4}\s*年?(?:\d{1,2}\s*月)?(?:版)?[)）]?|(?:of|from|for)\s+(?:\p{L}+\s+)?(?:19|20)\d{2}\b)/iu.exec(
        question.slice(at + value.length),
      )?.[0];
    const beside = dateIn(after ?? '') ?? dateIn(before ?? '');
    if (beside) return beside;
  }
  return undefined;
}

function dateIn(text: string): NamedDate | undefined {
  const chinese = [...text.matchAll(CHINESE)][0];
  if (chinese) return dateOf(chinese[1]!, chinese[2] ? Number(chinese[2]) : undefined);
  const english = [...text.matchAll(ENGLISH)][0];
  if (!english) return undefined;
  const name = english[1]?.slice(0, 3).toLowerCase();
  const month = name ? MONTHS.findIndex((each) => each.startsWith(name)) + 1 : undefined;
  return dateOf(english[2]!, month);
}

function dateOf(year: string, month: number | undefined): NamedDate | undefined {
  if (month === undefined) return { value: year, pattern: `(?<!\\d)${year}(?!\\d{1,3}(\\D|$))` };
  if (month < 1 || month > 12) return undefined;
  const name = MONTHS[month - 1]!;
  return {
    value: `${year}-${String(month).padStart(2, '0')}`,
    pattern: `(?<!\\d)${year}[\\s./年-]*0?${month}(?!\\d)|${name.slice(0, 3)}(${name.slice(3)})?\\.?\\s*${year}`,
  };
}
