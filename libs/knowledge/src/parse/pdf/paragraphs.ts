import { joinRuns, median, textWidth, type Row } from './rows.js';
import { LIST_MARKER } from './tables.js';

/** Rows that are read in one go. */
export interface Paragraph {
  rows: Row[];
  size: number;
  bold: boolean;
  fixedPitch: boolean;
  listItem: boolean;
}

/** A sentence, a clause or an introduction ends here. */
export const ENDS = /[.!?:;。！？：；…"”』」)）\]】]\s*$/;

/** Parts, chapters and articles of Chinese laws, rules and handbooks. */
const CHINESE_CHAPTER = /^第[一二三四五六七八九十百零〇\d]{1,5}[编篇章节条](?=[\s\u3000：:]|\p{Script=Han})/u;

/** @returns whether a line is the title of a part, a chapter or a section of a Chinese text. */
export function isChapterTitle(text: string): boolean {
  return (
    CHINESE_CHAPTER.test(text) &&
    !/^第.{1,5}条/.test(text) &&
    textWidth(text) <= 60 &&
    !/[。；，、]$/.test(text)
  );
}

const isBold = (row: Row): boolean => row.runs.every((run) => run.bold);
const isFixedPitch = (row: Row): boolean => row.runs.every((run) => run.fixedPitch);

/** Puts the rows of one column of a page together to paragraphs, by distance, indent, font and list markers. */
export function toParagraphs(rows: readonly Row[]): Paragraph[] {
  const left = Math.min(...rows.map((row) => row.left));
  const right = Math.max(...rows.map((row) => row.right));
  const leadings = rows.slice(1).flatMap((row, at) => {
    const previous = rows[at];
    return previous && Math.abs(previous.size - row.size) < 0.1 * row.size
      ? [(row.baseline - previous.baseline) / row.size]
      : [];
  });
  // Of lines set one under the other; where most rows stand alone, a usual one.
  const leading = leadings.length >= 3 ? Math.min(median(leadings), 2.6) : 1.5;
  const paragraphs: Paragraph[] = [];
  for (const row of rows) {
    const current = paragraphs.at(-1);
    if (current && continues(current, row, { left, right, leading })) {
      current.rows.push(row);
      current.bold &&= isBold(row);
    } else {
      paragraphs.push({
        rows: [row],
        size: row.size,
        bold: isBold(row),
        fixedPitch: isFixedPitch(row),
        listItem: LIST_MARKER.test(joinRuns(row.runs)),
      });
    }
  }
  return paragraphs;
}

function continues(
  paragraph: Paragraph,
  row: Row,
  column: { left: number; right: number; leading: number },
): boolean {
  const first = paragraph.rows[0];
  const previous = paragraph.rows.at(-1);
  if (!first || !previous) return false;
  const { size } = row;
  if (Math.abs(size - paragraph.size) > 0.12 * paragraph.size) return false;
  if (row.baseline - previous.baseline > 1.3 * column.leading * size) return false;
  if (isFixedPitch(row) !== paragraph.fixedPitch) return false;
  if (paragraph.fixedPitch) return true;
  if (isBold(row) !== isBold(previous) && (paragraph.bold || isBold(row))) return false;
  const text = joinRuns(previous.runs);
  const ended = ENDS.test(text);
  if (CHINESE_CHAPTER.test(joinRuns(row.runs)) || (paragraph.rows.length === 1 && isChapterTitle(text)))
    return false;
  if (
    LIST_MARKER.test(joinRuns(row.runs)) &&
    (ended || paragraph.listItem || row.left > previous.left + 0.5 * size)
  )
    return false;
  const short = previous.right < column.right - 0.2 * (column.right - column.left);
  if (ended && short) return false;
  if (paragraph.listItem) return row.left > first.left - 0.5 * size;
  const flush = Math.min(...paragraph.rows.map((each) => each.left));
  // The first line of the next paragraph is indented…
  if (row.left > flush + 0.8 * size && row.left < flush + 5 * size && (paragraph.rows.length > 1 || ended)) {
    return paragraph.rows.length > 1 && Math.abs(row.left - previous.left) < 0.5 * size;
  }
  // …or all its lines but the first.
  const hanging = paragraph.rows.length > 1 && previous.left > first.left + 0.8 * size;
  return !(hanging && Math.abs(row.left - first.left) < 0.5 * size);
}

/** @returns whether a paragraph is too long for a heading. */
export function isLong(paragraph: Paragraph): boolean {
  return (
    paragraph.rows.length > 3 ||
    paragraph.rows.reduce((sum, row) => sum + textWidth(joinRuns(row.runs)), 0) > 160
  );
}
