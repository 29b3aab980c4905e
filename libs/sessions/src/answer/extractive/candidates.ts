import { type Sentence, sentences } from '@midplane/kernel';
import { detectLanguage } from '../../text/language.js';
import { contentWords } from '../../text/words.js';
import type { Passage } from '../passage.js';
import type { Span } from './alignment.js';

/** A sentence or table row that could answer. */
export interface Candidate {
  passage: Passage;
  /** Place among the sentences of its passage. */
  order: number;
  /** As it stands in the passage. */
  source: string;
  /** As it is shown and embedded: a table row with its column names, anything else as it stands. */
  text: string;
  isRow: boolean;
  /** Where what it says stands in the hit's text: of a row with the names of its columns. */
  spans: Span[];
  /** Content words of the text and of the headings above it, each once. */
  words: Set<string>;
}

/** What is longer is no sentence but a failed parse; it is cut at a comma or a space. */
const LONGEST = 800;
/** What was cut at a semicolon, or inside a title (《卡拉OK.LIVE！台北．我》), goes on. */
const GOES_ON = /[；;]$|《[^》]{0,40}$/u;
/** No more than this is joined, in UTF-16 units. */
const LONG = 240;
const CELLS = / \| /u;

/** Cuts passages into what can be quoted, in the order of the passages. */
export function candidatesOf(passages: readonly Passage[]): Candidate[] {
  return passages.flatMap((passage) => {
    const above = contentWords(passage.hit.headings.join('\n'));
    let heading: string[] = [];
    const found: Candidate[] = [];
    // Where the source asks a question itself: the next sentence is its answer, and what is asked belongs to it.
    let askedAt: Span[] = [];
    for (const { source, text, kind, spans } of quotable(passage.text)) {
      const places = spans.map(([start, end]): Span => [passage.placeOf(start), passage.placeOf(end)]);
      if (!/[\p{L}\p{N}]/u.test(text)) continue;
      if (kind === 'heading') heading = contentWords(text);
      else if (/[?？]["”』」]?$/u.test(source)) askedAt = places;
      else {
        const words = new Set([...contentWords(text), ...heading, ...above]);
        const isRow = kind === 'row';
        found.push({
          passage,
          order: found.length,
          source,
          text,
          isRow,
          words,
          spans: [...askedAt, ...places],
        });
        askedAt = [];
      }
    }
    return found;
  });
}

interface Quotable {
  source: string;
  text: string;
  kind: 'sentence' | 'row' | 'heading';
  /** Where it stands in the passage's text. */
  spans: Span[];
}

function* quotable(text: string): Generator<Quotable> {
  let header: { cells: string[]; span: Span } | undefined;
  const lines = text.split('\n');
  let at = 0;
  for (const [i, line] of lines.entries()) {
    const from = at;
    const span: Span = [from, from + line.length];
    at += line.length + 1;
    const cells = line.split(CELLS).map((cell) => cell.trim());
    if (cells.length < 2) {
      header = undefined;
      if (isHeading(line, lines[i - 1], lines[i + 1])) {
        yield { source: line, text: line.trim(), kind: 'heading', spans: [span] };
        continue;
      }
      for (const sentence of whole(line)) {
        const source = shorten(sentence.text);
        const start = from + sentence.start;
        yield { source, text: source, kind: 'sentence', spans: [[start, start + source.length]] };
      }
    } else if (header?.cells.length !== cells.length) {
      header = { cells, span };
    } else if (!cells.every((cell) => /^:?-*:?$/u.test(cell))) {
      const source = line.trim();
      yield { source, text: rowAsText(header.cells, cells), kind: 'row', spans: [header.span, span] };
    }
  }
}

/** Sentences of a line, those in one that semicolons or the marks of a title part, as far as they make no long one. */
function whole(line: string): Sentence[] {
  const joined: Sentence[] = [];
  for (const sentence of sentences(line)) {
    const last = joined.at(-1);
    if (last && GOES_ON.test(last.text) && sentence.end - last.start <= LONG) {
      const { start } = last;
      joined[joined.length - 1] = { start, end: sentence.end, text: line.slice(start, sentence.end) };
    } else joined.push(sentence);
  }
  return joined;
}

/** A short line of its own that states nothing: "Annual leave", "三、考勤". Something has to follow it. */
function isHeading(line: string, before: string | undefined, after: string | undefined): boolean {
  const bare = line.trim();
  return (
    bare.length > 0 &&
    bare.length <= 40 &&
    after?.trim() === '' &&
    !before?.trim() &&
    !/[.!?。！？；;:：…]$|\d{2}|[:：]/u.test(bare)
  );
}

/** @returns "Type: Intern; Days: 5" in the marks of the row's own language; a cell without a column name alone */
function rowAsText(header: string[], cells: string[]): string {
  const chinese = detectLanguage([...header, ...cells].join(' ')) === 'zh';
  return cells
    .map((cell, i) =>
      cell === '' || !header[i] || header[i] === cell ? cell : header[i] + (chinese ? '：' : ': ') + cell,
    )
    .filter((cell) => cell !== '')
    .join(chinese ? '；' : '; ');
}

function shorten(sentence: string): string {
  if (sentence.length <= LONGEST) return sentence;
  const cut = sentence.slice(0, LONGEST);
  const end = Math.max(...[...'，,；;、 '].map((mark) => cut.lastIndexOf(mark)));
  return end > 0 ? cut.slice(0, end) : cut;
}
