import { joinRuns, toRows, type Row } from './rows.js';
import type { Run, Upright } from './run.js';

/** Running heads and feet stand in this part of a page's height, at its top and bottom. */
const EDGE = 0.18;
/** How many pages before and after are looked at. */
export const NEIGHBOURS = 4;

interface EdgeRow {
  row: Row;
  /** One for each run: its text, the numbers in it, and where it stands. */
  marks: Mark[];
}

interface Mark {
  /** Each number made `#`. */
  text: string;
  numbers: number[];
  page: number;
  y: number;
}

/** What a page has at its edges: kept of the pages around it. */
export interface Edges {
  top: EdgeRow[];
  bottom: EdgeRow[];
}

/** @returns the rows of a page that may be its running head and foot, from the edge inwards. */
export function edges(upright: Upright): Edges {
  const rows = toRows(
    upright.runs.filter(
      (run) => run.baseline < 0.25 * upright.height || run.baseline > 0.75 * upright.height,
    ),
  );
  const edge = (row: Row): EdgeRow => ({ row, marks: row.runs.map(toMark) });
  return {
    top: rows
      .filter((row) => row.baseline < 0.5 * upright.height)
      .slice(0, 5)
      .map(edge),
    bottom: rows
      .filter((row) => row.baseline > 0.5 * upright.height)
      .slice(-5)
      .reverse()
      .map(edge),
  };
}

function toMark(run: Run): Mark {
  const text = run.text.toLowerCase().replace(/\s+/g, ' ');
  return {
    text: text.replace(/\d+/g, '#').replace(/^[ivxl]{1,6}$/, '#roman'),
    numbers: [...text.matchAll(/\d+/g)].map(([number]) => Number(number)),
    page: run.page,
    y: run.baseline,
  };
}

/** @returns whether two marks are the same, or the same but for a number that counts the pages; undefined: neither */
function twinsAs(one: Mark, two: Mark): 'same' | 'counting' | undefined {
  if (one.text !== two.text || Math.abs(one.y - two.y) > 3) return undefined;
  const different = one.numbers
    .map((number, at) => number - (two.numbers[at] ?? 0))
    .filter((difference) => difference !== 0);
  if (different.length === 0) return 'same';
  return different.length === 1 && different[0] === one.page - two.page ? 'counting' : undefined;
}

/**
 * @param around the edges of the pages before and after
 * @param body font height of running text
 * @param isFirst the first page keeps what is not a page number, alone or in a foot: the head of a letter is content once
 * @returns the runs of a page that are its running head and foot: the same text (but for numbers) at the same
 * height on at least two pages nearby, or on one where there are not more; outermost; apart from the text
 */
export function furniture(
  own: Edges,
  around: readonly Edges[],
  height: number,
  body: number,
  isFirst: boolean,
): Set<Run> {
  const found = new Set<Run>();
  const needed = around.length >= 3 ? 2 : 1;
  for (const side of ['top', 'bottom'] as const) {
    const rows = own[side];
    const counting = new Set<EdgeRow>();
    let count = 0;
    for (const edge of rows) {
      const { row, marks } = edge;
      const inside = side === 'top' ? row.bottom < EDGE * height : row.top > (1 - EDGE) * height;
      const isNumber = isPageNumber(joinRuns(row.runs));
      // Of each mark, on how many pages around it has a twin, and in which way.
      const twins = marks.map((mark) =>
        around.flatMap((other) => {
          const ways = other[side].flatMap((each) => each.marks.map((twin) => twinsAs(mark, twin)));
          return ways.find((way) => way !== undefined) ?? [];
        }),
      );
      const repeated = twins.some((ways) => ways.length >= (isNumber ? 1 : needed));
      if (twins.some((ways) => ways.includes('counting'))) counting.add(edge);
      // Each chapter, or each record, may begin on a page of its own at the same height.
      const isHeading = row.size > 1.1 * body && !isNumber;
      if (!inside || !repeated || isHeading) break;
      count++;
    }
    // Not the first row of the text itself, and not the header of a table that goes on from page to page.
    while (count > 0 && !standsApart(rows, count, side)) count--;
    for (const edge of rows.slice(0, count)) {
      const { runs } = edge.row;
      const once = isFirst && !isPageNumber(joinRuns(runs)) && !(side === 'bottom' && counting.has(edge));
      if (!once) for (const run of runs) found.add(run);
    }
  }
  return found;
}

function standsApart(rows: readonly EdgeRow[], count: number, side: 'top' | 'bottom'): boolean {
  const last = rows[count - 1]?.row;
  const next = rows[count]?.row;
  if (!last || !next) return true;
  const gap = side === 'top' ? next.top - last.bottom : last.top - next.bottom;
  const aligned = last.runs.filter((run) =>
    next.runs.some((other) => Math.abs(other.left - run.left) < 3),
  ).length;
  const tableHeader = last.runs.length >= 3 && aligned >= 2 && side === 'top';
  return !tableHeader && (gap > 0.7 * Math.min(last.size, next.size) || isPageNumber(joinRuns(last.runs)));
}

function isPageNumber(text: string): boolean {
  return /^[ivxl]{1,6}$|^(?:page|p\.|seite|第)?\s*[-–—]?\s*\d{1,5}\s*(?:(?:\/|of|von|共)\s*\d{1,5})?\s*[-–—]?\s*页?$/i.test(
    text.trim(),
  );
}
