import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { CommandError } from '../client/client.js';
import { say } from '../messages.js';

/** A question and what its right passage is known by. */
export interface RatedQuestion {
  question: string;
  chunkId?: string;
  documentId?: string;
  documentTitle?: string;
  page?: number;
  text?: string;
}

const MARKS = ['chunkId', 'documentId', 'documentTitle', 'text'] as const;

/**
 * Reads rated questions from a file of JSON Lines (.jsonl, .ndjson, .json), else of CSV whose header names the fields.
 * @throws CommandError naming the first wrong line and what is wrong with it
 */
export async function readRatedQuestions(file: string): Promise<RatedQuestion[]> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new CommandError(say('noSuchPath', { path: file }));
  });
  const records = /\.(jsonl|ndjson|json)$/i.test(file) ? jsonRecords(text, file) : csvRecords(text, file);
  return records.map(({ record, line }) => {
    const wrong = (reason: string) => wrongLine(file, line, reason);
    const field = (name: string): string => String(record[name] ?? '').trim();
    const rated: RatedQuestion = { question: field('question') };
    if (rated.question === '') throw wrong(say('noQuestion'));
    for (const mark of MARKS) if (field(mark) !== '') rated[mark] = field(mark);
    if (MARKS.every((mark) => rated[mark] === undefined)) throw wrong(say('noRightPassage'));
    const page = field('page');
    if (page !== '' && !/^[1-9]\d{0,5}$/.test(page)) throw wrong(say('badPage', { page }));
    return page === '' ? rated : { ...rated, page: Number(page) };
  });
}

interface Line {
  record: Record<string, unknown>;
  /** 1-based. */
  line: number;
}

function jsonRecords(text: string, file: string): Line[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((content, i) => ({ content, line: i + 1 }))
    .filter(({ content }) => content.trim() !== '')
    .map(({ content, line }) => ({ record: jsonObject(content, file, line), line }));
}

function jsonObject(content: string, file: string, line: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    throw wrongLine(file, line, say('notJson'));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrongLine(file, line, say('notJson'));
  return value as Record<string, unknown>;
}

function csvRecords(text: string, file: string): Line[] {
  const options = { columns: true, bom: true, trim: true, skip_empty_lines: true, info: true } as const;
  try {
    const rows = parse(text, options) as { record: Record<string, unknown>; info: { lines: number } }[];
    return rows.map(({ record, info }) => ({ record, line: info.lines }));
  } catch (error) {
    const { message, lines } = error as Error & { lines?: number };
    throw wrongLine(file, lines ?? 1, say('notCsv', { reason: message }));
  }
}

const wrongLine = (file: string, line: number, reason: string): CommandError =>
  new CommandError(say('badQuestions', { file, place: say('line', { line }), reason }));
