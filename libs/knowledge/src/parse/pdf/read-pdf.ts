import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { rowText, type Block, type Line, type TextBlock } from '../block.js';
import { ParseError } from '../parse-error.js';
import { cleanTitle, type Reading } from '../reading.js';
import { columns } from './columns.js';
import { edges, furniture, NEIGHBOURS, type Edges } from './furniture.js';
import { Headings } from './headings.js';
import { ENDS, toParagraphs, type Paragraph } from './paragraphs.js';
import { PdfDocument, pdfiumFault, type Glyph, type PdfPage } from './pdfium.js';
import { encodePng } from './png.js';
import { toRows, type Row } from './rows.js';
import { CJK } from '../script.js';
import { uprights, type Upright } from './run.js';
import { findTables } from './tables.js';
import { joinText, lineOf, lineText, runningText, stackText, Vocabulary, type LaidText } from './text.js';

const SCAN_DPI = 200;
/** With this much of the page under pictures, text that is not painted is what OCR has read in them. */
const SCAN_COVER = 0.6;
/** A page with fewer characters than this under a picture is a scan with a stamp or a page number. */
const FEW_CHARACTERS = 40;
/** So many vector shapes without a character: text that was turned into outlines. */
const OUTLINED_SHAPES = 100;

interface LoadedPage {
  number: number;
  uprights: Upright[];
  edges: Edges | null;
  scan: Block | null;
}

/** A block and what decides whether the next one goes on with it. */
interface Laid {
  block: TextBlock;
  /** Of a paragraph of running text. */
  size?: number;
}

/**
 * Reads a PDF page by page. Of the document only the styles of 24 pages are known at once, and of the text nine
 * pages: four before and after the one that is written, which tell running heads.
 *
 * @param memoryLimit bytes that the process may have, for the message of an error
 * @throws ParseError FILE_PASSWORD, FILE_DAMAGED, PARSE_MEMORY
 */
export async function readPdf(path: string, reading: Reading, memoryLimit: number): Promise<void> {
  try {
    const document = await PdfDocument.open(path);
    await readPages(document, reading);
    document.close();
  } catch (error) {
    throw pdfiumFault(error, memoryLimit);
  }
}

async function readPages(document: PdfDocument, reading: Reading): Promise<void> {
  const headings = Headings.of(document);
  const words = new Vocabulary();
  const pages: LoadedPage[] = [];
  let first: string | null = null;
  let held: Laid[] = [];
  let unreadable = 0;
  reading.pageCount = document.pageCount;
  for (let number = 1; number <= document.pageCount + NEIGHBOURS; number++) {
    if (number <= document.pageCount) {
      const page = document.page(number);
      if (page) {
        try {
          pages.push(loadPage(page, reading.workDir));
        } finally {
          page.close();
        }
      } else unreadable++;
      if (pages.length > 2 * NEIGHBOURS + 1) pages.shift();
    }
    const current = pages.find((page) => page.number === number - NEIGHBOURS);
    if (!current) continue;
    const laid = layPage(current, pages, headings, words);
    if (current.number <= 3) first ??= mainHeading(laid);
    const [done, rest] = holdBack(joinPages(held, laid, words));
    for (const { block } of done) await reading.write(block);
    held = rest;
    if (current.scan) {
      for (const { block } of held) await reading.write(block);
      held = [];
      await reading.write(current.scan);
    }
  }
  for (const { block } of held) await reading.write(block);
  if (unreadable > 0 && unreadable === document.pageCount)
    throw new ParseError('FILE_DAMAGED', { type: 'PDF', detail: 'none of its pages can be opened' });
  reading.title = cleanTitle(document.title()) ?? cleanTitle(first);
}

function loadPage(page: PdfPage, workDir: string): LoadedPage {
  const glyphs = page.glyphs();
  const invisible = glyphs.some((glyph) => glyph.style.invisible && !glyph.generated);
  let drawn = 0;
  let printed = 0;
  for (const glyph of glyphs) {
    if (glyph.generated || glyph.style.invisible) continue;
    drawn++;
    if (isReadable(glyph)) printed++;
  }
  const graphics = invisible || printed < FEW_CHARACTERS ? page.graphics() : { imageCover: 0, shapes: 0 };
  const layer = invisible && graphics.imageCover >= SCAN_COVER;
  const turned = uprights(page, glyphs, layer);
  const readable = layer ? FEW_CHARACTERS : printed;
  const isScan =
    (readable === 0 && (graphics.imageCover > 0.05 || graphics.shapes > OUTLINED_SHAPES)) ||
    (readable < FEW_CHARACTERS && graphics.imageCover >= SCAN_COVER) ||
    (drawn >= FEW_CHARACTERS && printed < 0.5 * drawn);
  const main = turned[0];
  if (!isScan) return { number: page.number, uprights: turned, edges: main ? edges(main) : null, scan: null };
  const image = join(workDir, `page-${page.number}.png`);
  page.render(SCAN_DPI, (picture) => {
    writeFileSync(image, encodePng(picture));
  });
  return {
    number: page.number,
    uprights: [],
    edges: null,
    scan: { kind: 'scan', page: page.number, image, width: page.width, height: page.height },
  };
}

/** Fonts without a mapping to Unicode give characters of private use, or none. */
function isReadable({ text }: Glyph): boolean {
  const code = text.codePointAt(0) ?? 0;
  return code > 0x1f && code !== 0xfffd && !(code >= 0xe000 && code <= 0xf8ff);
}

function layPage(
  page: LoadedPage,
  around: readonly LoadedPage[],
  headings: Headings,
  words: Vocabulary,
): Laid[] {
  const laid: Laid[] = [];
  page.uprights.forEach((upright, at) => {
    const others = around.flatMap((other) => (other !== page && other.edges ? [other.edges] : []));
    const dropped =
      at === 0 && page.edges
        ? furniture(page.edges, others, upright.height, headings.body, page.number === 1)
        : new Set();
    const runs = upright.runs.filter((run) => !dropped.has(run));
    for (const run of runs) words.learn(run.text);
    for (const region of columns(runs))
      laid.push(...layRegion(toRows(region), upright, page.number, headings, words));
  });
  return laid;
}

function layRegion(
  rows: readonly Row[],
  upright: Upright,
  page: number,
  headings: Headings,
  words: Vocabulary,
): Laid[] {
  const laid: Laid[] = [];
  let lines: Row[] = [];
  const flush = (): void => {
    if (lines.length > 0)
      for (const block of layLines(lines, upright, page, headings, words)) laid.push(block);
    lines = [];
  };
  for (const part of findTables(rows)) {
    if ('runs' in part) {
      lines.push(part);
      continue;
    }
    flush();
    const texts = part.cells.map((cells, at): LaidText => {
      const text = rowText(cells);
      return { text, lines: (part.sources[at] ?? []).map((row) => lineOf(row, upright, text.length)) };
    });
    const [header = [], ...body] = part.cells;
    laid.push({ block: { kind: 'table', ...stackText(texts), page, table: { header, rows: body } } });
  }
  flush();
  return laid;
}

function layLines(
  rows: readonly Row[],
  upright: Upright,
  page: number,
  headings: Headings,
  words: Vocabulary,
): Laid[] {
  const laid: Laid[] = [];
  let list: LaidText[] = [];
  const flush = (): void => {
    if (list.length > 0) laid.push({ block: { kind: 'list', ...stackText(list), page } });
    list = [];
  };
  for (const paragraph of toParagraphs(rows)) {
    const code = paragraph.fixedPitch && !headings.fixedPitch && paragraph.rows.length > 1;
    const text = code
      ? codeText(paragraph, upright)
      : runningText(
          paragraph.rows.map((row) => ({ row, upright })),
          words,
        );
    if (text.text === '') continue;
    const level = code ? null : headings.level(paragraph, text.text, page);
    if (level === null && paragraph.listItem && !code) {
      list.push(text);
      continue;
    }
    flush();
    if (level !== null) laid.push({ block: { kind: 'heading', ...text, level, page } });
    else if (code) laid.push({ block: { kind: 'code', ...text, page } });
    else laid.push({ block: { kind: 'paragraph', ...text, page }, size: paragraph.size });
  }
  flush();
  return laid;
}

/** @returns the lines of a listing as they are set, with their indent. */
function codeText(paragraph: Paragraph, upright: Upright): LaidText {
  const left = Math.min(...paragraph.rows.map((row) => row.left));
  return stackText(
    paragraph.rows.map((row) => {
      const text = ' '.repeat(Math.min(40, Math.round((row.left - left) / (0.6 * row.size)))) + lineText(row);
      return { text, lines: [lineOf(row, upright, text.length)] };
    }),
  );
}

/** Puts the paragraph that a page or column breaks in two together again. */
function joinPages(held: Laid[], next: Laid[], words: Vocabulary): Laid[] {
  const all = [...held];
  for (const part of next) {
    const open = all.findLastIndex((each) => each.size !== undefined);
    const before = all[open];
    // Footnotes, which are smaller, may stand between.
    const footnotes = all.slice(open + 1).every((each) => each.block.kind === 'list');
    const smaller = before && part.size !== undefined ? findOpen(all, part) : null;
    const target = smaller ?? (footnotes ? before : undefined);
    if (target && part.size !== undefined && goesOn(target, part)) {
      const joined = joinText(
        { text: target.block.text, lines: target.block.lines ?? [] },
        { text: part.block.text, lines: part.block.lines ?? [] },
        words,
      );
      target.block.text = joined.text;
      target.block.lines = joined.lines;
    } else all.push(part);
  }
  return all;
}

/** @returns the last paragraph in the same size, where only smaller ones (footnotes) follow it. */
function findOpen(all: readonly Laid[], part: Laid): Laid | null {
  for (const each of [...all].reverse()) {
    if (each.size === undefined || part.size === undefined) return null;
    if (Math.abs(each.size - part.size) <= 0.03 * part.size) return each;
    if (each.size > part.size) return null;
  }
  return null;
}

function goesOn(before: Laid, after: Laid): boolean {
  if (
    before.size === undefined ||
    after.size === undefined ||
    Math.abs(before.size - after.size) > 0.03 * after.size
  )
    return false;
  const from = before.block.lines?.at(-1) as Line | undefined;
  const to = after.block.lines?.[0];
  // Within a column paragraphs are parted already: only over to the next page, or up to the next column.
  if (!from || !to || (from.page === to.page && to.box[1] >= from.box[1])) return false;
  if (ENDS.test(before.block.text) && !/-$/.test(before.block.text)) return false;
  return (
    /^\p{Ll}/u.test(after.block.text) ||
    (CJK.test(before.block.text.slice(-1)) && CJK.test(after.block.text.charAt(0)))
  );
}

/** @returns what is done, and what the next page may go on with: from the last paragraph that has not ended. */
function holdBack(laid: readonly Laid[]): [Laid[], Laid[]] {
  const open = laid.findLastIndex((each) => each.size !== undefined && !ENDS.test(each.block.text));
  if (open < 0 || laid.length - open > 20 || laid.slice(open + 1).some((each) => each.size === undefined))
    return [[...laid], []];
  return [laid.slice(0, open), laid.slice(open)];
}

function mainHeading(laid: readonly Laid[]): string | null {
  const headings = laid.flatMap(({ block }) => (block.kind === 'heading' ? [block] : []));
  const highest = Math.min(...headings.map((block) => block.level ?? 6));
  return headings.find((block) => block.level === highest)?.text ?? null;
}
