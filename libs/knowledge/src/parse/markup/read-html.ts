import { Parser } from 'htmlparser2';

import { tableText, type TextBlock } from '../block.js';
import { ParseError } from '../parse-error.js';
import { cleanText, cleanTitle, type Reading } from '../reading.js';
import { decodeFile } from '../text/encoding.js';

/** Deeper is no document: closing an element takes time with the depth. Browsers stop at 512. */
const MAX_DEPTH = 5000;
/** Where a page has its main part marked, and it holds this part of all text, the rest is left out. */
const MAIN_SHARE = 0.3;

const SKIPPED = new Set(
  'script style noscript template svg math canvas iframe object embed select button textarea nav footer aside dialog form head'.split(
    ' ',
  ),
);
/** Left out at the page's top level only: an article's own header has its title. */
const SKIPPED_OUTSIDE = new Set(['header']);
const BLOCKS = new Set(
  'p div section article main header blockquote dd dt dl figure figcaption address fieldset hgroup center body details summary ul ol'.split(
    ' ',
  ),
);
const HIDDEN_STYLE = /display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?:[a-z%;\s]|$)/i;
const SKIPPED_ROLES = new Set(['navigation', 'banner', 'contentinfo', 'search', 'complementary']);

interface Extracted {
  blocks: { block: TextBlock; main: boolean }[];
  title: string | null;
}

/** Reads a web page's main part. @throws ParseError FILE_TOO_DEEP */
export async function readHtml(path: string, encoding: string, reading: Reading): Promise<void> {
  const extractor = new HtmlExtractor();
  for await (const piece of decodeFile(path, encoding)) extractor.write(piece);
  const { blocks, title } = extractor.end();
  const size = (list: Extracted['blocks']): number =>
    list.reduce((sum, { block }) => sum + block.text.length, 0);
  const main = blocks.filter((each) => each.main);
  const chosen = size(main) >= MAIN_SHARE * size(blocks) && main.length > 0 ? main : blocks;
  for (const { block } of chosen) await reading.write(block);
  reading.title =
    cleanTitle(title) ?? cleanTitle(chosen.find(({ block }) => block.kind === 'heading')?.block.text);
}

/** @returns the blocks of a piece of HTML within another text. */
export function htmlBlocks(html: string): TextBlock[] {
  const extractor = new HtmlExtractor();
  extractor.write(html);
  return extractor.end().blocks.map(({ block }) => block);
}

interface OpenTable {
  rows: string[][];
  /** Rows that a cell still reaches into, by column. */
  spans: { left: number; text: string }[];
  row: string[] | null;
  cell: { text: string; columns: number; rows: number } | null;
}

/** Turns the events of an HTML parser into blocks: no tree is built, so that depth costs nothing. */
class HtmlExtractor {
  private readonly blocks: Extracted['blocks'] = [];
  private readonly tables: OpenTable[] = [];
  private title: string | null = null;
  private inTitle = false;
  private depth = 0;
  /** Depth of the outermost element whose content is left out. */
  private skippedFrom = 0;
  private mainFrom = 0;
  private preFrom = 0;
  private heading = 0;
  private text = '';
  private items: string[] | null = null;
  private listDepth = 0;
  private readonly numbers: (number | null)[] = [];
  private readonly parser: Parser;

  constructor() {
    this.parser = new Parser(
      {
        onopentag: (name, attributes) => {
          this.open(name, attributes);
        },
        onclosetag: (name) => {
          this.close(name);
        },
        ontext: (text) => {
          this.add(text);
        },
      },
      { decodeEntities: true, lowerCaseTags: true },
    );
  }

  write(piece: string): void {
    this.parser.write(piece);
  }

  end(): Extracted {
    this.parser.end();
    this.flush();
    this.flushList();
    return { blocks: this.blocks, title: this.title };
  }

  private open(name: string, attributes: Record<string, string>): void {
    if (++this.depth > MAX_DEPTH) throw new ParseError('FILE_TOO_DEEP', { type: 'HTML', limit: MAX_DEPTH });
    if (name === 'title' && this.title === null) {
      this.inTitle = true;
      this.title = '';
    }
    if (this.skippedFrom > 0) return;
    if (isSkipped(name, attributes, this.mainFrom > 0)) {
      this.skippedFrom = this.depth;
      return;
    }
    if (this.mainFrom === 0 && (name === 'main' || name === 'article' || attributes.role === 'main')) {
      this.flush();
      this.mainFrom = this.depth;
    }
    const level = /^h([1-6])$/.exec(name)?.[1];
    const table = this.tables.at(-1);
    if (level && !table) {
      this.flush();
      this.flushList();
      this.heading = Number(level);
    } else if (name === 'pre') {
      this.flush();
      if (this.preFrom === 0) this.preFrom = this.depth;
    } else if (name === 'br') this.text += '\n';
    else if (name === 'hr') this.flush();
    else if (name === 'ul' || name === 'ol') {
      if (!table) this.flush();
      this.listDepth++;
      this.numbers.push(name === 'ol' ? Number(attributes.start ?? 1) || 1 : null);
      if (!table) this.items ??= [];
    } else if (name === 'li') {
      if (table?.cell) this.text += '\n';
      else this.flush();
      const number = this.numbers.at(-1);
      this.text += number === null || number === undefined ? '- ' : `${number}. `;
      if (typeof number === 'number') this.numbers[this.numbers.length - 1] = number + 1;
    } else if (name === 'table') {
      if (table?.cell) table.cell.text += this.take();
      else this.flush();
      this.flushList();
      this.tables.push({ rows: [], spans: [], row: null, cell: null });
    } else if (name === 'tr' && table) {
      this.endRow(table);
      table.row = [];
    } else if ((name === 'td' || name === 'th') && table) {
      this.endCell(table);
      table.row ??= [];
      this.text = '';
      table.cell = { text: '', columns: span(attributes.colspan), rows: span(attributes.rowspan) };
    } else if (name === 'img' && attributes.alt && attributes.alt.length > 3)
      this.text += ` ${attributes.alt} `;
    else if (BLOCKS.has(name)) {
      if (table?.cell) this.text += '\n';
      else this.flush();
    }
  }

  private close(name: string): void {
    if (name === 'title') this.inTitle = false;
    const depth = this.depth--;
    if (this.skippedFrom > 0) {
      if (depth === this.skippedFrom) this.skippedFrom = 0;
      return;
    }
    const table = this.tables.at(-1);
    if (/^h[1-6]$/.test(name) && !table) this.flush();
    else if (name === 'pre') {
      this.flush();
      if (depth === this.preFrom) this.preFrom = 0;
    } else if (name === 'ul' || name === 'ol') {
      if (!table) this.flush();
      this.numbers.pop();
      this.listDepth = Math.max(0, this.listDepth - 1);
      if (this.listDepth === 0) this.flushList();
    } else if (name === 'td' || name === 'th') {
      if (table) this.endCell(table);
    } else if (name === 'tr') {
      if (table) this.endRow(table);
    } else if (name === 'table') {
      if (table) this.endTable(table);
    } else if (BLOCKS.has(name) || name === 'li') {
      if (table?.cell) this.text += '\n';
      else this.flush();
    }
    if (depth === this.mainFrom) {
      this.flush();
      this.flushList();
      this.mainFrom = 0;
    }
  }

  private add(text: string): void {
    if (this.inTitle && this.title !== null) this.title += text;
    else if (this.skippedFrom === 0)
      this.text += this.preFrom > 0 ? text : text.replace(/[ \t\r\n\f]+/g, ' ');
  }

  /** @returns the text so far, cleaned, and forgets it. */
  private take(): string {
    const text = cleanText(this.text);
    this.text = '';
    if (this.preFrom > 0) return text.replace(/^\n+|\s+$/g, '');
    return text
      .replace(/[ \t\u00a0]+/g, ' ')
      .replace(/ ?\n ?/g, '\n')
      .replace(/\n{2,}/g, '\n')
      .trim();
  }

  private flush(): void {
    const text = this.take();
    const level = this.heading;
    this.heading = 0;
    if (text === '' || text === '-' || /^\d+\.$/.test(text)) return;
    if (level > 0) this.push({ kind: 'heading', text: text.replace(/\n/g, ' '), level });
    else if (this.preFrom > 0) this.push({ kind: 'code', text });
    else if (this.items)
      this.items.push('  '.repeat(Math.min(8, Math.max(0, this.listDepth - 1))) + text.replace(/\n/g, ' '));
    else this.push({ kind: 'paragraph', text });
  }

  private flushList(): void {
    const items = this.items;
    this.items = this.listDepth > 0 && this.tables.length === 0 ? [] : null;
    if (items && items.length > 0) this.push({ kind: 'list', text: items.join('\n') });
  }

  private endCell(table: OpenTable): void {
    const cell = table.cell;
    if (!cell || !table.row) return;
    const text = cell.text + this.take();
    for (let count = 0; count < cell.columns; count++) {
      this.fillSpans(table);
      const column = table.row.length;
      table.row.push(text);
      table.spans[column] = { left: cell.rows - 1, text };
    }
    table.cell = null;
  }

  /** Cells of rows above that reach into this row. */
  private fillSpans(table: OpenTable): void {
    for (
      let reach = table.spans[table.row?.length ?? 0];
      table.row && reach && reach.left > 0;
      reach = table.spans[table.row.length]
    ) {
      reach.left--;
      table.row.push(reach.text);
    }
  }

  private endRow(table: OpenTable): void {
    this.endCell(table);
    if (table.row) {
      this.fillSpans(table);
      if (table.row.some((cell) => cell !== '')) table.rows.push(table.row);
    }
    table.row = null;
  }

  private endTable(table: OpenTable): void {
    this.endRow(table);
    this.tables.pop();
    this.text = '';
    const width = Math.max(0, ...table.rows.map((row) => row.length));
    const outer = this.tables.at(-1);
    const rows = table.rows.map((row) => [...row, ...Array.from({ length: width - row.length }, () => '')]);
    if (outer?.cell) outer.cell.text += `${rows.map((row) => row.join(' ')).join('\n')}\n`;
    else if (width === 1 || rows.length === 1) {
      // A table for layout.
      for (const text of rows.flat()) if (text !== '') this.push({ kind: 'paragraph', text });
    } else if (rows.length > 1) {
      const [header = [], ...body] = rows;
      this.push({ kind: 'table', text: tableText({ header, rows: body }), table: { header, rows: body } });
    }
    if (this.listDepth > 0 && this.tables.length === 0) this.items ??= [];
  }

  private push(block: TextBlock): void {
    this.blocks.push({ block, main: this.mainFrom > 0 });
  }
}

function isSkipped(name: string, attributes: Record<string, string>, inMain: boolean): boolean {
  return (
    (SKIPPED.has(name) && name !== 'head') ||
    (SKIPPED_OUTSIDE.has(name) && !inMain) ||
    (attributes.role !== undefined && SKIPPED_ROLES.has(attributes.role)) ||
    attributes.hidden !== undefined ||
    attributes['aria-hidden'] === 'true' ||
    (attributes.style !== undefined && HIDDEN_STYLE.test(attributes.style))
  );
}

function span(value: string | undefined): number {
  const count = Number(value ?? 1);
  return Number.isInteger(count) && count > 0 ? Math.min(count, 100) : 1;
}
