import type { TextBlock } from '../block.js';
import { cleanText, cleanTitle, type Reading } from '../reading.js';
import { CJK } from '../script.js';
import { decodeFile } from './encoding.js';

/** A paragraph of more characters than this is cut at a line's end. */
const MAX_PARAGRAPH = 8000;
const MARKER = /^\s*(?:[-*•·]|\(?\d{1,3}[.)]|[（(]?[一二三四五六七八九十]{1,3}[）)、])\s*\S/;

/** Reads plain text: empty lines part paragraphs, lines that were wrapped by hand are joined. */
export async function readText(path: string, encoding: string, reading: Reading): Promise<void> {
  let lines: string[] = [];
  let length = 0;
  const flush = async (): Promise<void> => {
    const block = lines.length > 0 ? toBlock(lines) : null;
    lines = [];
    length = 0;
    if (block) await reading.write(block);
  };
  for await (const line of textLines(path, encoding)) {
    if (line.trim() === '') {
      await flush();
      continue;
    }
    if (reading.title === null) reading.title = line.length <= 100 ? cleanTitle(line) : null;
    lines.push(line);
    length += line.length;
    if (length >= MAX_PARAGRAPH) await flush();
  }
  await flush();
}

function toBlock(lines: string[]): TextBlock {
  const widest = Math.max(...lines.map((line) => line.length));
  // Only lines of about the same width, but for the last, were wrapped by hand.
  const wrapped =
    lines.length > 1 &&
    widest <= 120 &&
    lines.slice(0, -1).every((line) => line.length > 0.6 * widest && !MARKER.test(line));
  if (!wrapped)
    return {
      kind: lines.length > 1 && lines.every((line) => MARKER.test(line)) ? 'list' : 'paragraph',
      text: lines.map((line) => line.trim()).join('\n'),
    };
  return {
    kind: 'paragraph',
    text: lines
      .map((line) => line.trim())
      .reduce(
        (text, line) => text + (CJK.test(text.slice(-1)) && CJK.test(line.charAt(0)) ? '' : ' ') + line,
      ),
  };
}

/** @returns the lines of a file, cleaned; one that is longer than 8,000 characters in pieces. */
async function* textLines(path: string, encoding: string): AsyncGenerator<string> {
  let rest = '';
  for await (const piece of decodeFile(path, encoding)) {
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) yield* pieces(line);
    while (rest.length > 4 * MAX_PARAGRAPH) {
      yield* pieces(rest.slice(0, MAX_PARAGRAPH));
      rest = rest.slice(MAX_PARAGRAPH);
    }
  }
  yield* pieces(rest.replace(/\r$/, ''));
}

function* pieces(line: string): Generator<string> {
  const clean = cleanText(line);
  for (let at = 0; at === 0 || at < clean.length; at += MAX_PARAGRAPH)
    yield clean.slice(at, at + MAX_PARAGRAPH);
}
