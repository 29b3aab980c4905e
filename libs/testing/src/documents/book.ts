import type { PdfPage, PdfText } from './pdf.js';

export interface BookOptions {
  pages: number;
  /** Makes other books of the same shape (default 1). */
  seed?: number;
}

const NOUNS =
  'inspector permit boiler valve contract invoice warehouse turbine employee supplier auditor pump'.split(
    ' ',
  );
const VERBS = 'checks signs replaces records approves returns measures reports delivers repairs'.split(' ');
const DETAILS = [
  'before the shift ends',
  'within five working days',
  'at the main gate',
  'after the second test',
  'without a written order',
  'in the north hall',
];

/**
 * @returns pages like those of a real handbook: a running head and page number, a chapter every tenth page, sections,
 * justified paragraphs of about 450 words a page, and a table on every fifth page. Every page holds the sentence "The
 * reference of page N is R-…" once, so that a test can ask for it.
 */
export function* bookPages(options: BookOptions): Generator<PdfPage> {
  let state = options.seed ?? 1;
  const random = (below: number): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
  const pick = (words: readonly string[]): string => words[random(words.length)] ?? '';
  const sentence = (): string =>
    `The ${pick(NOUNS)} ${pick(VERBS)} the ${pick(NOUNS)} number ${random(900) + 100} ${pick(DETAILS)}.`;
  for (let page = 1; page <= options.pages; page++) {
    const texts: PdfText[] = [
      { text: 'Operations Handbook', x: 72, y: 40, size: 8 },
      { text: `Page ${page} of ${options.pages}`, x: 460, y: 810, size: 8 },
    ];
    let y = 80;
    if (page % 10 === 1) {
      texts.push({
        text: `Chapter ${Math.ceil(page / 10)} ${pick(NOUNS)} rules`,
        x: 72,
        y,
        size: 20,
        bold: true,
      });
      y += 40;
    }
    let first = true;
    while (y < 700) {
      texts.push({
        text: `${page}.${Math.round(y)} About the ${pick(NOUNS)}`,
        x: 72,
        y,
        size: 13,
        bold: true,
      });
      y += 22;
      let words = first ? `The reference of page ${page} is ${bookReference(page)}. ` : '';
      first = false;
      const length = 700 + random(500);
      while (words.length < length) words += `${sentence()} `;
      for (const line of wrap(words.trim(), 92)) {
        if (y > 780) break;
        texts.push({ text: line, x: 72, y });
        y += 12.5;
      }
      y += 16;
      if (page % 5 === 0 && y < 640) {
        for (const row of [
          ['Item', 'Number', 'Place'],
          ...Array.from({ length: 5 }, () => [pick(NOUNS), String(random(9000)), pick(DETAILS)]),
        ]) {
          row.forEach((cell, column) => texts.push({ text: cell, x: 72 + column * 150, y }));
          y += 15;
        }
        y += 20;
      }
    }
    yield { texts };
  }
}

/** @returns what `bookPages` says the reference of a page is. */
export function bookReference(page: number): string {
  return `R-${(page * 7919) % 100_000}`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
