import type { OoxmlPackage } from './package.js';

/** What a number in a cell is. */
export type CellFormat = 'number' | 'percent' | 'date' | 'time' | 'dateTime';

/** Numbers of the formats that every workbook has (ECMA-376 part 1, 18.8.30), those of East Asia included. */
const DATES = new Set([14, 15, 16, 17, 27, 28, 29, 30, 31, 34, 36, 50, 51, 52, 53, 54, 57, 58]);
const TIMES = new Set([18, 19, 20, 21, 32, 33, 35, 45, 46, 47, 55, 56]);

/** @returns the format of each cell style, by its number. */
export async function cellFormats(source: OoxmlPackage, part: string | null): Promise<CellFormat[]> {
  const custom = new Map<number, CellFormat>();
  const formats: CellFormat[] = [];
  if (part === null) return formats;
  let inCells = false;
  await source.xml(part, {
    open: (name, attributes) => {
      if (name === 'numFmt') custom.set(Number(attributes.numFmtId), meaning(attributes.formatCode ?? ''));
      else if (name === 'cellXfs') inCells = true;
      else if (name === 'xf' && inCells) {
        const id = Number(attributes.numFmtId ?? 0);
        formats.push(custom.get(id) ?? builtIn(id));
      }
    },
    close: (name) => {
      if (name === 'cellXfs') inCells = false;
    },
  });
  return formats;
}

function builtIn(id: number): CellFormat {
  if (id === 22) return 'dateTime';
  if (id === 9 || id === 10) return 'percent';
  return DATES.has(id) ? 'date' : TIMES.has(id) ? 'time' : 'number';
}

function meaning(code: string): CellFormat {
  const plain =
    code
      .replace(/"[^"]*"|\\.|\[(?!h|m|s)[^\]]*\]|_.|\*./gi, '')
      .split(';')[0]
      ?.toLowerCase() ?? '';
  const date = /[yd]|m(?=.*[yd])|e(?=.*m)/.test(plain) && !/e[+-]/.test(plain);
  const time = /h|s/.test(plain) && !/general/.test(plain);
  if (date && time) return 'dateTime';
  if (date) return 'date';
  if (time) return 'time';
  return plain.includes('%') ? 'percent' : 'number';
}

/**
 * @param value as it stands in the file: a decimal number; of a date the days since 1899-12-30 (or 1904-01-01)
 * @returns what a person reads: ISO dates and times, percentages, numbers to 15 digits
 */
export function numberText(value: string, format: CellFormat, from1904: boolean): string {
  const number = Number(value);
  if (!Number.isFinite(number)) return value;
  if (format === 'percent') return `${trimmed(number * 100)}%`;
  if (format === 'number' || number < 0 || number > 2_958_465) return trimmed(number);
  const days = from1904 ? number + 1462 : number;
  // Excel counts a 29 February 1900 that never was.
  const moment = new Date(
    Math.round((days - 25_569 + (days < 60 && !from1904 ? 1 : 0)) * 86_400) * 1000,
  ).toISOString();
  const time = moment.slice(11, 19).replace(/:00$/, '');
  if (format === 'time') return days < 1 ? time : `${Math.floor(days * 24)}:${moment.slice(14, 16)}`;
  return format === 'dateTime' && days % 1 !== 0 ? `${moment.slice(0, 10)} ${time}` : moment.slice(0, 10);
}

const trimmed = (number: number): string => String(Number(number.toPrecision(15)));
