import { type Sentence, sentences } from '@midplane/kernel';
import { contentWords } from '../../text/words.js';
import type { Passage } from '../passage.js';
import type { Span } from './alignment.js';
import { cellsOf, type Quote, quotesOfTable, type Row } from './table.js';

/** A sentence or table row that could answer. */
export interface Candidate {
  passage: Passage;
  /** Place among the sentences of its passage. */
  order: number;
  /** As it stands in the passage. */
  source: string;
  /** As it is shown: a table row with its column names, a list's item without its mark, anything else as it stands. */
  text: string;
  isRow: boolean;
  /** Of a row: what it is about, its first cell or its label in a form. */
  label?: string;
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

/** What marks an item of a list, and says nothing in an answer; its number might. */
const BULLET = /^[-*•·●○▪]\s+/u;

/** Cuts passages into what can be quoted, in the order of the passages. */
export function candidatesOf(passages: readonly Passage[]): Candidate[] {
  return passages.flatMap((passage) => {
    const above = contentWords(passage.hit.headings.join('\n'));
    let heading: string[] = [];
    const found: Candidate[] = [];
    // Where the source asks a question itself: the next sentence is its answer, and what is asked belongs to it.
    let askedAt: Span[] = [];
    for (const { source, text, kind, label, spans } of quotable(passage.text)) {
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
          ...(label === undefined ? {} : { label }),
          words,
          spans: [...askedAt, ...places],
        });
        askedAt = [];
      }
    }
    return found;
  });
}

function* quotable(text: string): Generator<Quote> {
  const lines = text.split('\n');
  let at = 0;
  let table: Row[] = [];
  for (const [i, line] of lines.entries()) {
    const from = at;
    at += line.length + 1;
    const cells = cellsOf(line, from);
    if (cells.length !== table[0]?.length) {
      yield* quotesOfTable(text, table);
      table = [];
    }
    if (cells.length > 1) table.push(cells);
    else if (isHeading(line, lines[i - 1], lines[i + 1]))
      yield { source: line, text: line.trim(), kind: 'heading', spans: [[from, from + line.length]] };
    else
      for (const sentence of whole(line)) {
        const source = shorten(sentence.text);
        const start = from + sentence.start;
        const text = source.replace(BULLET, '');
        yield { source, text, kind: 'sentence', spans: [[start, start + source.length]] };
      }
  }
  yield* quotesOfTable(text, table);
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

/** Numbers and years that a heading begins with: "2.1 Leave", "第三章", "1972–1985: Founding". */
const NUMBERING = /^(?:第[\d一二三四五六七八九十百]+[章节部分]|[\d.\-–—()（）]+)[:：、.\s]*/u;
/** A line in capitals alone, of two words and more. */
const IN_CAPITALS = /^(?=.*\p{Lu}{2})[\p{Lu}&/()\-–—,'’]+(?:\s+[\p{Lu}&/()\-–—,'’]+)+$/u;

/**
 * A short line of its own that states nothing: "Annual leave", "三、考勤". Something has to follow it, after an empty
 * line unless it is in capitals.
 */
function isHeading(line: string, before: string | undefined, after: string | undefined): boolean {
  const bare = line.trim();
  if (before?.trim() || after === undefined) return false;
  if (bare.length === 0 || bare.length > 60) return false;
  if (IN_CAPITALS.test(bare)) return true;
  const name = bare.replace(NUMBERING, '');
  return name.length <= 40 && after.trim() === '' && !/[.!?。！？；;:：…]$|\d{2}|[:：]/u.test(name || bare);
}

function shorten(sentence: string): string {
  if (sentence.length <= LONGEST) return sentence;
  const cut = sentence.slice(0, LONGEST);
  const end = Math.max(...[...'，,；;、 '].map((mark) => cut.lastIndexOf(mark)));
  return end > 0 ? cut.slice(0, end) : cut;
}
