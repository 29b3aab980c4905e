import type { Line } from '../block.js';
import type { Row } from './rows.js';
import { joinRuns } from './rows.js';
import { CJK } from '../script.js';
import type { Upright } from './run.js';

/** Words of the document so far: they tell a word that was cut at a line's end from one that has a hyphen. */
export class Vocabulary {
  private readonly words = new Set<string>();

  /** Takes in the words of a line, but its first and last, which may be parts; stops growing at 100,000. */
  learn(text: string): void {
    if (this.words.size > 100_000) return;
    const words = [...text.toLowerCase().matchAll(/\p{L}[\p{L}-]*\p{L}/gu)];
    for (const [word] of words.slice(1, -1)) this.words.add(word);
  }

  /** @returns whether the hyphen between two parts of a word belongs to it. */
  keepsHyphen(before: string, after: string): boolean {
    const one = before.toLowerCase();
    const two = after.toLowerCase();
    if (this.words.has(`${one}-${two}`)) return true;
    if (this.words.has(one + two)) return false;
    return one.length > 2 && two.length > 2 && this.words.has(one) && this.words.has(two);
  }
}

export interface LaidText {
  text: string;
  lines: Line[];
}

/** @returns a row's text, the dots that lead to a page number made a space. */
export function lineText(row: Row): string {
  return joinRuns(row.runs)
    .replace(/(?:\s?[.·…]){5,}\s*/g, ' ')
    .trim();
}

/** Puts rows together to running text: words cut at a line's end are made whole, Chinese lines join without a space. */
export function runningText(rows: readonly { row: Row; upright: Upright }[], words: Vocabulary): LaidText {
  let laid: LaidText = { text: '', lines: [] };
  for (const { row, upright } of rows) {
    const hyphen = laid.lines.length > 0 && endsInHyphen(laid.text);
    laid = joinText(laid, { text: lineText(row), lines: [lineOf(row, upright)] }, words, hyphen);
  }
  return laid;
}

/** Puts one text behind another, as the next line of the same paragraph. */
export function joinText(
  one: LaidText,
  two: LaidText,
  words: Vocabulary,
  hyphen = endsInHyphen(one.text),
): LaidText {
  const fitted = two.lines.map((line) => (line.end < 0 ? { ...line, start: 0, end: two.text.length } : line));
  if (one.text === '') return { text: two.text, lines: fitted };
  let text = one.text;
  let lines = one.lines;
  if (hyphen && /^\p{L}/u.test(two.text)) {
    const before = /\p{L}+(?=-$)/u.exec(text)?.[0] ?? '';
    const after = /^\p{L}+/u.exec(two.text)?.[0] ?? '';
    if (/^\p{Ll}/u.test(two.text) && !words.keepsHyphen(before, after)) {
      text = text.slice(0, -1);
      lines = lines.map((line) => (line.end > text.length ? { ...line, end: text.length } : line));
    }
  } else if (!hyphen && !(CJK.test(text.slice(-1)) && CJK.test(two.text.charAt(0)))) text += ' ';
  const shift = text.length;
  return {
    text: text + two.text,
    lines: [
      ...lines,
      ...fitted.map((line) => ({ ...line, start: line.start + shift, end: line.end + shift })),
    ],
  };
}

/** Puts texts under each other, one a line. */
export function stackText(parts: readonly LaidText[]): LaidText {
  let text = '';
  const lines: Line[] = [];
  for (const part of parts) {
    if (text !== '') text += '\n';
    for (const line of part.lines)
      lines.push({ ...line, start: line.start + text.length, end: line.end + text.length });
    text += part.text;
  }
  return { text, lines };
}

/** @returns where a row stands on the page; `end` is -1 until its text is known. */
export function lineOf(row: Row, upright: Upright, end = -1): Line {
  const top = Math.min(...row.runs.map((run) => run.top));
  const bottom = Math.max(...row.runs.map((run) => run.bottom));
  return {
    start: 0,
    end,
    page: row.runs[0]?.page ?? 0,
    box: upright.displayed(row.left, top, row.right, bottom),
  };
}

function endsInHyphen(text: string): boolean {
  return /[\p{L}\p{N}]-$/u.test(text);
}
