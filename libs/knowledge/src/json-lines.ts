import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

/**
 * Reads a file of one JSON value a line, one after the other: never more than one in memory. (Node's readline would
 * also part lines at U+2028 and U+2029, which JSON leaves as they are inside of strings.)
 */
export async function* readJsonLines<T>(path: string): AsyncGenerator<T> {
  let rest = '';
  for await (const piece of createReadStream(path, 'utf8') as AsyncIterable<string>) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop()!;
    for (const line of lines) if (line !== '') yield JSON.parse(line) as T;
  }
  if (rest !== '') yield JSON.parse(rest) as T;
}

/** Writes values as JSON, one a line. @returns how many */
export async function writeJsonLines(path: string, values: AsyncIterable<unknown>): Promise<number> {
  await using file = await open(path, 'w');
  let count = 0;
  for await (const value of values) {
    await file.write(`${JSON.stringify(value)}\n`);
    count++;
  }
  return count;
}
