import { Readable } from 'node:stream';

import { parse, type Options } from 'csv-parse';

import { ParseError } from '../parse-error.js';
import type { Reading } from '../reading.js';
import { TableWriter } from '../table-writer.js';
import { decodeFile } from './encoding.js';

const MAX_COLUMNS = 1000;
const MAX_RECORD = 1 << 20;
const DELIMITERS = [',', ';', '\t', '|'] as const;

/** Reads a table of separated values; the first row that is not empty is the header. */
export async function readCsv(
  path: string,
  encoding: string,
  reading: Reading,
  tabs: boolean,
): Promise<void> {
  const pieces = decodeFile(path, encoding);
  const first = await pieces.next();
  const start = first.done ? '' : first.value;
  const text = async function* (): AsyncGenerator<string> {
    yield start;
    yield* pieces;
  };
  const options: Options = {
    delimiter: tabs ? '\t' : findDelimiter(start),
    bom: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD,
  };
  const table = new TableWriter(reading);
  try {
    for await (const record of Readable.from(text()).pipe(parse(options)))
      await table.add((record as string[]).slice(0, MAX_COLUMNS));
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('CSV_'))
      throw new ParseError('FILE_DAMAGED', { type: 'CSV', detail: error.message.slice(0, 120) });
    throw error;
  }
  await table.end();
}

/** @returns what parts the cells: the mark that most lines have in the same number, outside of quotes. */
function findDelimiter(text: string): string {
  const lines = text
    .slice(0, 1 << 16)
    .replace(/"(?:[^"]|"")*"/g, '')
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim() !== '')
    .slice(0, 30);
  let best = ',';
  let most = 0;
  for (const delimiter of DELIMITERS) {
    const counts = lines.map((line) => line.split(delimiter).length - 1);
    const [usual = 0] = counts;
    const score = usual === 0 ? 0 : counts.filter((count) => count === usual).length * Math.min(usual, 20);
    if (score > most) {
      best = delimiter;
      most = score;
    }
  }
  return best;
}
