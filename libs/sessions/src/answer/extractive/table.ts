import { detectLanguage } from '../../text/language.js';
import type { Span } from './alignment.js';

/** What stands in a text and can be quoted, or heads what is below it. */
export interface Quote {
  kind: 'row' | 'sentence' | 'heading';
  /** As it stands in the text. */
  source: string;
  /** A row with the names of its columns: "Type: Intern; Days: 5". */
  text: string;
  /** What a row is about: its first cell, or its label in a form. */
  label?: string;
  /** Where it stands in the text, the names of its columns first. */
  spans: Span[];
}

export interface Cell {
  /** Without white space around it; empty where the cell is. */
  text: string;
  span: Span;
}
export type Row = readonly Cell[];

/** What says what the cells of a section are: a row of names, or labels in columns of their own. */
interface Layout {
  header?: Row;
  labels?: readonly number[];
}

const BAR = /(?<=^|\s)\|(?=\s|$)/gu;
const RULE = /^:?-*:?$/u;
/** What is longer is no name of a column and no label, in UTF-16 units. */
const LONGEST_NAME = 60;
const ENDS = /[.!?。！？；;]["”』」）)]?$/u;
const NUMBER = /^[\p{Sc}+\-–−(]*\d[\d.,\s]*[%‰)\p{Sc}]*$/u;
const YEAR = /^(?:19|20)\d\d\s?年?$/u;
/** An e-mail address, and something like SF-1008 or 1C4RJFBG2NC123456. */
const CODE = /@|^(?=\S*\d{3})[A-Z\d]+(?:[-_/][A-Z\d]+)*$/u;
const DIGITS_OF_A_PHONE = 7;

/**
 * @param at where the line begins in its text
 * @returns the cells of a table's line; one of any other line
 */
export function cellsOf(line: string, at: number): Cell[] {
  const bars = [...line.matchAll(BAR)].map(({ index }) => index);
  return [0, ...bars.map((bar) => bar + 1)].map((start, i) => {
    const raw = line.slice(start, bars[i]);
    const text = raw.trim();
    const from = at + start + raw.indexOf(text);
    return { text, span: [from, from + text.length] };
  });
}

/**
 * What the rows of a table say. A first row that names columns belongs to each of those below it, and is not quoted by
 * itself; a first row of values names nothing. In a form ("Claim no. | SF-1008 | Make | Jeep") each label is quoted with
 * its value. A short cell alone in its row heads what is below it, where a header above goes on holding.
 * @param text in which the table stands
 * @param rows of as many cells each
 */
export function* quotesOfTable(text: string, rows: readonly Row[]): Generator<Quote> {
  let header: Row | undefined;
  const sections = sectionsOf(rows);
  for (const [i, { heading, rows: own }] of sections.entries()) {
    if (heading) yield quote('heading', text, [heading]);
    const [first, ...below] = own;
    if (!first) continue;
    // A row alone above the first heading may name the columns of all that follows.
    const alone = i === 0 && below.length === 0;
    const layout = layoutOf(first, alone ? sections.flatMap((section) => section.rows).slice(1) : below);
    if (layout.labels) header = undefined;
    // Below a header words alone are values, too, but for a row that begins with no name of its own.
    else if (layout.header && (!header || isEmpty(layout.header[0]!))) header = layout.header;
    for (const row of own) {
      if (row === header) continue;
      if (header) yield rowOf(text, row, header);
      else if (layout.labels) yield* pairsOf(text, row, layout.labels);
      else yield rowOf(text, row);
    }
  }
}

/** Parts a table at the rows that head others, and leaves out its rules. */
function sectionsOf(rows: readonly Row[]): { heading?: Row; rows: Row[] }[] {
  const sections: { heading?: Row; rows: Row[] }[] = [{ rows: [] }];
  const said = rows.filter((row) => !row.every((cell) => RULE.test(cell.text)));
  for (const [i, row] of said.entries()) {
    const [first, ...others] = row;
    const alone = isName(first!.text) && others.every(isEmpty);
    if (alone && i < said.length - 1) sections.push({ heading: row, rows: [] });
    else sections.at(-1)!.rows.push(row);
  }
  return sections;
}

function layoutOf(first: Row, below: readonly Row[]): Layout {
  if (below.length === 0) return {};
  const values = first.some((cell, column) => isValue(cell, column, first, below));
  const from = first.findIndex((cell) => !isEmpty(cell));
  const gaps = first.some((cell, column) => column > from && isEmpty(cell));
  if (!values && !gaps) return { header: first };
  const labels = labelColumns([first, ...below]);
  if (values) return labels.length > 1 ? { labels } : {};
  // A first row with gaps names groups of columns, each a label and its values; or it leaves a column without a name.
  const groups = first.flatMap((cell, column) => (isEmpty(cell) ? [] : [column]));
  return groups.every((column) => labels.includes(column)) ? { labels } : { header: first };
}

/** @returns the columns that hold nothing but names, each another one, with values in one of the two columns beside them */
function labelColumns(rows: readonly Row[]): number[] {
  const labels: number[] = [];
  for (let column = 0; column < rows[0]!.length - 1; column++) {
    if (labels.includes(column - 1)) continue;
    const names = rows.map((row) => row[column]!.text).filter((text) => text !== '');
    const distinct = names.length > 1 && new Set(names).size === names.length;
    const beside = rows.flatMap((row) => row.slice(column + 1, column + 3));
    if (distinct && names.every(isLabel) && beside.some(({ text }) => /\d|@/u.test(text)))
      labels.push(column);
  }
  return labels[0] === 0 ? labels : [];
}

const isEmpty = (cell: Cell): boolean => cell.text === '';

const isSentence = (text: string): boolean => text.length > LONGEST_NAME || ENDS.test(text);

/** Whether a cell could name a column or a value. */
const isName = (text: string): boolean => /\p{L}/u.test(text) && !isSentence(text) && !CODE.test(text);

const isLabel = (text: string): boolean => isName(text) && digits(text) < 2;

/** Whether a cell of a first row is a value, as those below it are, and thus the row no header. */
function isValue({ text }: Cell, column: number, row: Row, below: readonly Row[]): boolean {
  if (text === '') return false;
  const others = below.map((other) => other[column]!.text).filter((other) => other !== '');
  if (YEAR.test(text)) {
    const years = row.filter((cell) => YEAR.test(cell.text)).length;
    return years < 2 && !others.every((other) => NUMBER.test(other) && !YEAR.test(other));
  }
  if (NUMBER.test(text)) return true;
  if (!/\p{L}/u.test(text)) return digits(text) >= DIGITS_OF_A_PHONE || others.some(like(text));
  return !isName(text) || (digits(text) > 0 && others.some(like(text)));
}

const digits = (text: string): number => text.match(/\d/gu)?.length ?? 0;

/** @returns what tells whether another text differs from this one in nothing but its numbers: "48 euros", "52 euros" */
const like = (text: string) => (other: string) => shapeOf(other) === shapeOf(text);
const shapeOf = (text: string): string => text.replace(/\d[\d.,]*/gu, '0');

/** A row by the names of its columns; without any, its values after the first cell where that names something. */
function rowOf(text: string, row: Row, header?: Row): Quote {
  const marks = marksOf(header ? [...header, ...row] : row);
  const full = row.filter((cell) => !isEmpty(cell));
  const [only] = full;
  if (full.length === 1 && isSentence(only!.text)) return quote('sentence', text, [row]);
  const named = row.map((cell, column) => {
    const name = header?.[column]?.text;
    return isEmpty(cell) || !name || name === cell.text ? cell.text : name + marks.is + cell.text;
  });
  const said = named.filter((each) => each !== '');
  const [first, ...values] = said;
  const labelled = !header && row[0] === only && values.length > 0 && isName(first!);
  return {
    ...quote('row', text, header ? [header, row] : [row]),
    label: only!.text,
    text: labelled ? first + marks.is + values.join(marks.and) : said.join(marks.and),
  };
}

/** Each label of a row with its values; the row as a whole where a value has no label. */
function* pairsOf(text: string, row: Row, labels: readonly number[]): Generator<Quote> {
  const pairs = labels.map((label, i) => row.slice(label, labels[i + 1]));
  if (pairs.some(([label, ...values]) => isEmpty(label!) && !values.every(isEmpty))) yield rowOf(text, row);
  else if (pairs.every(([, ...values]) => values.every(isEmpty))) yield quote('heading', text, [row]);
  else for (const pair of pairs) if (!pair.slice(1).every(isEmpty)) yield rowOf(text, pair);
}

/** What stands between a name and its value, and between two of these, in the language of the cells. */
function marksOf(cells: Row): { is: string; and: string } {
  const chinese = detectLanguage(cells.map((cell) => cell.text).join(' ')) === 'zh';
  return chinese ? { is: '：', and: '；' } : { is: ': ', and: '; ' };
}

/** @param rows that belong to it; the last is the one that is quoted */
function quote(kind: Quote['kind'], text: string, rows: readonly Row[]): Quote {
  const spans = rows.map(spanOf);
  const source = text.slice(...spans.at(-1)!);
  return { kind, source, text: source, spans };
}

/** @returns from its first cell that is not empty to its last */
function spanOf(row: Row): Span {
  const full = row.filter((cell) => !isEmpty(cell));
  return [full[0]!.span[0], full.at(-1)!.span[1]];
}
