import { joinRuns, median, textWidth, toRow, type Row } from './rows.js';
import type { Run } from './run.js';

/** Rows of a page that make up a table, with their text by column. */
export interface FoundTable {
  rows: Row[];
  /** A row of cells for each line of the table; `sources` says which rows of the page it came from. */
  cells: string[][];
  sources: Row[][];
}

interface Span {
  left: number;
  right: number;
}

/** Cells stand further apart than this many font heights. */
const CELL_GAP = 1;
/** Rows further apart than this many font heights are not of one table. */
const ROW_GAP = 2;
/** A line that begins so is of a list, whose numbers are no column. */
export const LIST_MARKER =
  /^(?:[•·●○▪■◦‣➢✓*–—-]|\(?(?:\d{1,3}|[a-z]|[ivx]{1,4})[.)]|[（(]?[一二三四五六七八九十]{1,3}[）)、．.]|[①-⑳])(?=\s|$|[\u2e80-\u9fff])/i;
/** A table of contents: the title, dots, the page. */
const LEADER = /(?:\s?[.·…]){5,}/;

/**
 * Finds tables in rows of one column of a page by their alignment: neighbouring rows of several cells whose gaps
 * are at the same place. Rulings are not looked at.
 *
 * @returns the rows in order, those of a table together
 */
export function findTables(rows: readonly Row[]): (Row | FoundTable)[] {
  const found: (Row | FoundTable)[] = [];
  let at = 0;
  while (at < rows.length) {
    const group = candidate(rows, at);
    const table = group.length >= 2 ? toTable(group) : null;
    if (table) {
      found.push(table);
      at += group.length;
    } else {
      const row = rows[at];
      if (row) found.push(row);
      at++;
    }
  }
  return found;
}

/** @returns the rows from `from` on that may be one table; fewer than two where none begins there. */
function candidate(rows: readonly Row[], from: number): Row[] {
  const group: Row[] = [];
  let certain = 0;
  for (let at = from; at < rows.length; at++) {
    const row = rows[at];
    const previous = group.at(-1);
    if (!row || (previous && row.top - previous.bottom > ROW_GAP * Math.max(row.size, previous.size))) break;
    const cells = toCells(row);
    if (cells.length >= 2) {
      if (
        LEADER.test(joinRuns(row.runs)) ||
        (cells.length === 2 && LIST_MARKER.test(joinRuns(cells[0] ?? [])))
      )
        break;
      group.push(row);
      certain = group.length;
      continue;
    }
    if (group.length === 0) break;
    // One cell alone: a label, or the second line of a cell. It has to stand in one column, and more has to follow.
    if (group.length - certain >= 3 || textWidth(joinRuns(row.runs)) > 80) break;
    const spans = columnSpans(group);
    if (spans.filter((span) => row.left < span.right && row.right > span.left).length > 1) break;
    // Bold and not at the left: the title of another table.
    if (row.runs.every((run) => run.bold) && row.left > (spans[0]?.right ?? 0)) break;
    group.push(row);
  }
  // The second line of the last row's cell belongs to the table, a paragraph below it does not.
  const last = group[certain - 1];
  const next = group[certain];
  if (last && next && next.top - last.bottom < 0.6 * next.size && next.left > last.left + next.size)
    certain++;
  return group.slice(0, certain);
}

function toTable(group: readonly Row[]): FoundTable | null {
  const spans = columnSpans(group);
  if (spans.length < 2) return null;
  const lines = group.map((row) => ({ row, cells: place(row, spans) }));
  const filled = lines.reduce((sum, line) => sum + line.cells.filter((cell) => cell !== '').length, 0);
  const wide = lines.filter((line) => line.cells.filter((cell) => cell !== '').length >= 2).length;
  if (wide < 2 || wide < 0.5 * lines.length || filled < 0.3 * lines.length * spans.length) return null;
  const lengths = lines.flatMap((line) => line.cells.filter((cell) => cell !== '').map(textWidth));
  if (median(lengths) > 60) return null;
  return { rows: [...group], ...mergeWrapped(lines) };
}

/** Puts the second and further lines of a cell to its first: they stand closer than the table's rows do. */
function mergeWrapped(lines: readonly { row: Row; cells: string[] }[]): {
  cells: string[][];
  sources: Row[][];
} {
  const distance = (at: number): number =>
    (lines[at]?.row.baseline ?? 0) - (lines[at - 1]?.row.baseline ?? 0);
  const usual = median(lines.slice(1).map((_, at) => distance(at + 1)));
  const cells: string[][] = [];
  const sources: Row[][] = [];
  lines.forEach((line, at) => {
    const above = cells.at(-1);
    const tight = distance(at) < 1.35 * line.row.size && distance(at) < 0.8 * usual;
    if (above && tight && line.cells.every((cell, column) => cell === '' || above[column] !== '')) {
      line.cells.forEach((cell, column) => {
        if (cell !== '') above[column] = `${above[column] ?? ''} ${cell}`;
      });
      sources.at(-1)?.push(line.row);
    } else {
      cells.push([...line.cells]);
      sources.push([line.row]);
    }
  });
  return { cells, sources };
}

/** @returns each column's text; a cell over several columns stands in the first of them. */
function place(row: Row, spans: readonly Span[]): string[] {
  const columns: Run[][] = spans.map(() => []);
  for (const cell of toCells(row)) {
    const { left, right } = toRow(cell);
    let best = spans.findIndex((span) => left < span.right && right > span.left);
    if (best < 0)
      best = spans.reduce(
        (nearest, span, at) =>
          Math.abs(span.left - left) < Math.abs((spans[nearest]?.left ?? 0) - left) ? at : nearest,
        0,
      );
    columns[best]?.push(...cell);
  }
  return columns.map((runs) => joinRuns(runs));
}

/** @returns the runs of a row by cell. */
export function toCells(row: Row): Run[][] {
  const cells: Run[][] = [];
  let end = -Infinity;
  for (const run of row.runs) {
    const last = cells.at(-1);
    if (last && Math.abs(run.left - end) <= CELL_GAP * row.size) last.push(run);
    else cells.push([run]);
    end = run.rightToLeft ? run.left : run.right;
  }
  return cells;
}

/**
 * @returns the columns of a group of rows: between them is white space in all rows but a few, which have a cell
 * over several columns
 */
function columnSpans(group: readonly Row[]): Span[] {
  const left = Math.floor(Math.min(...group.map((row) => row.left)));
  const width = Math.ceil(Math.max(...group.map((row) => row.right))) - left + 1;
  const cover = new Uint16Array(width);
  const rows = group.filter((row) => toCells(row).length > 1);
  for (const row of rows)
    for (const cell of toCells(row)) {
      const { left: from, right: to } = toRow(cell);
      for (let x = Math.max(0, Math.floor(from - left)); x < Math.min(width, Math.ceil(to - left)); x++)
        cover[x] = (cover[x] ?? 0) + 1;
    }
  const few = Math.floor(0.2 * rows.length);
  const spans: Span[] = [];
  let start = -1;
  let most = 0;
  for (let x = 0; x <= width; x++) {
    const count = x < width ? (cover[x] ?? 0) : 0;
    if (count > few) {
      if (start < 0) start = x;
      most = Math.max(most, count);
    } else if (start >= 0) {
      const last = spans.at(-1);
      if (last && start + left - last.right < 3) last.right = x + left;
      else spans.push({ left: start + left, right: x + left });
      start = -1;
      most = 0;
    }
  }
  return spans;
}
