import { NUMBER, numberOf } from './numbers.js';

/** Pages from the first to the last, 1-based. */
export interface NamedPages {
  /** As the question writes it. */
  value: string;
  from: number;
  to: number;
}

const ENGLISH = /\b(?:pages?|pp?\.)\s*(\d{1,4})(?:\s*(?:-|–|—|to|and)\s*(\d{1,4}))?\b/iu;
const CHINESE = new RegExp(`第(${NUMBER})[页頁]?(?:\\s*(?:-|–|—|~|到|至)\\s*第?(${NUMBER}))?[页頁]`, 'u');
/** As many pages at most: more is no place. */
const MOST = 50;

/** @returns the first page or range of pages that a question names */
export function pagesIn(question: string): NamedPages | undefined {
  const match = CHINESE.exec(question) ?? ENGLISH.exec(question);
  if (!match) return undefined;
  const from = numberOf(match[1]!);
  const to = match[2] ? numberOf(match[2]) : from;
  if (!from || !to || to < from || to - from >= MOST) return undefined;
  return { value: match[0].trim(), from, to };
}
