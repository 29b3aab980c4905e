import type { TextBlock } from '../block.js';
import { cleanText, cleanTitle, type Reading } from '../reading.js';
import { TableWriter } from '../table-writer.js';
import { mathText, type MathNode } from './math.js';
import { Numbering } from './numbering.js';
import { OoxmlPackage } from './package.js';
import { Styles } from './styles.js';
import type { XmlHandler } from './xml.js';

/** Deleted and moved-away text, the old form of what is there in a new one, field codes, and run fonts' own text. */
const SKIPPED = new Set(['del', 'moveFrom', 'Fallback', 'instrText', 'delText', 'delInstrText', 'ruby-rt']);
const NOTES = ['footnotes', 'endnotes'] as const;

/** Reads a Word document. Pages are those of the last time it was laid out, where it says so. */
export async function readDocx(path: string, reading: Reading): Promise<void> {
  const source = await OoxmlPackage.open(path, 'DOCX');
  try {
    const main = await source.mainPart();
    const relations = [...(await source.relations(main)).values()];
    const part = (type: string): string | null =>
      relations.find((each) => each.type === type)?.target ?? null;
    const styles = await Styles.of(source, part('styles'));
    const numbering = await Numbering.of(source, part('numbering'));
    const notes = new Map<string, string>();
    for (const kind of NOTES) await readNotes(source, part(kind), kind, notes);
    const paged = await source.includes(main, 'lastRenderedPageBreak');
    const reader = new BodyReader({ styles, numbering, notes, paged });
    await source.xml(main, { ...reader.handler(), pause: () => reader.drain(reading) }, true);
    const properties = await source.properties();
    reading.title = cleanTitle(properties.title) ?? cleanTitle(reader.title);
    reading.pageCount = paged ? Math.max(properties.pages ?? 1, reader.page) : properties.pages;
  } finally {
    source.close();
  }
}

async function readNotes(
  source: OoxmlPackage,
  part: string | null,
  kind: (typeof NOTES)[number],
  notes: Map<string, string>,
): Promise<void> {
  if (part === null) return;
  let id = '';
  let text = '';
  let inText = false;
  await source.xml(part, {
    open: (name, attributes) => {
      if (name === kind.slice(0, -1)) {
        id = attributes.type === undefined ? (attributes.id ?? '') : '';
        text = '';
      } else if (name === 't') inText = true;
      else if (name === 'p' && text !== '') text += ' ';
    },
    text: (value) => {
      if (inText) text += value;
    },
    close: (name) => {
      if (name === 't') inText = false;
      else if (name === kind.slice(0, -1) && id !== '') notes.set(`${kind}:${id}`, text.trim());
    },
  });
}

interface Paragraph {
  text: string;
  style: string;
  list: { list: string; level: number } | null;
  outline: number | null;
  page: number;
  notes: string[];
}

interface Table {
  rows: string[][];
  row: string[];
  cell: { text: string; columns: number; merged: 'start' | 'continue' | null } | null;
  page: number;
}

interface Context {
  styles: Styles;
  numbering: Numbering;
  notes: ReadonlyMap<string, string>;
  paged: boolean;
}

/** Turns the events of `document.xml` into blocks. */
class BodyReader {
  page = 1;
  title: string | null = null;
  private readonly context: Context;
  private readonly done: (TextBlock | Table)[] = [];
  private readonly paragraphs: Paragraph[] = [];
  private readonly tables: Table[] = [];
  private readonly math: MathNode[] = [];
  private list: string[] = [];
  private listPage = 1;
  private skipped = 0;
  private hiddenRun = false;
  private inText = false;
  private noteCount = 0;

  constructor(context: Context) {
    this.context = context;
  }

  handler(): XmlHandler {
    return {
      open: (name, attributes) => {
        if (this.skipped > 0 || SKIPPED.has(name)) this.skipped++;
        else if (this.math.length > 0 || name === 'oMath') this.openMath(name, attributes);
        else this.open(name, attributes);
      },
      text: (text) => {
        if (this.skipped > 0) return;
        const node = this.math.at(-1);
        if (node) node.text += text;
        else if (this.inText && !this.hiddenRun) this.write(text);
      },
      close: (name) => {
        if (this.skipped > 0) this.skipped--;
        else if (this.math.length > 0) this.closeMath();
        else this.close(name);
      },
    };
  }

  /** Writes what has been read. */
  async drain(reading: Reading): Promise<void> {
    for (const part of this.done.splice(0)) {
      if ('kind' in part) {
        await reading.write(part);
        continue;
      }
      const writer = new TableWriter(reading, this.context.paged ? part.page : undefined);
      for (const row of part.rows) await writer.add(row);
      await writer.end();
    }
  }

  private open(name: string, attributes: Record<string, string>): void {
    const paragraph = this.paragraphs.at(-1);
    const table = this.tables.at(-1);
    const value = attributes.val ?? '';
    switch (name) {
      case 'p':
        this.paragraphs.push({ text: '', style: '', list: null, outline: null, page: this.page, notes: [] });
        break;
      case 'pStyle':
        if (paragraph) paragraph.style = value;
        break;
      case 'outlineLvl':
        if (paragraph) paragraph.outline = Number(value);
        break;
      case 'numId':
        if (paragraph) paragraph.list = { list: value, level: paragraph.list?.level ?? 0 };
        break;
      case 'ilvl':
        if (paragraph) paragraph.list = { list: paragraph.list?.list ?? '', level: Number(value) || 0 };
        break;
      case 'r':
        this.hiddenRun = false;
        break;
      case 'vanish':
        this.hiddenRun = value !== '0' && value !== 'false';
        break;
      case 't':
        this.inText = true;
        break;
      case 'tab':
        // A tab stop in a paragraph's properties has a position.
        if (attributes.pos === undefined) this.write(' ');
        break;
      case 'br':
      case 'cr':
        this.write('\n');
        break;
      case 'noBreakHyphen':
        this.write('-');
        break;
      case 'lastRenderedPageBreak':
        this.page++;
        if (paragraph?.text === '') paragraph.page = this.page;
        break;
      case 'footnoteReference':
      case 'endnoteReference': {
        const note = this.context.notes.get(
          `${name === 'footnoteReference' ? 'footnotes' : 'endnotes'}:${attributes.id ?? ''}`,
        );
        if (note && paragraph) {
          this.noteCount++;
          paragraph.text += `[${this.noteCount}]`;
          paragraph.notes.push(`[${this.noteCount}] ${note}`);
        }
        break;
      }
      case 'tbl':
        this.flushList();
        this.tables.push({ rows: [], row: [], cell: null, page: this.page });
        break;
      case 'tr':
        if (table) table.row = [];
        break;
      case 'tc':
        if (table) table.cell = { text: '', columns: 1, merged: null };
        break;
      case 'gridSpan':
        if (table?.cell) table.cell.columns = Math.min(100, Math.max(1, Number(value) || 1));
        break;
      case 'vMerge':
        if (table?.cell) table.cell.merged = value === 'restart' ? 'start' : 'continue';
        break;
    }
  }

  private close(name: string): void {
    const table = this.tables.at(-1);
    switch (name) {
      case 't':
        this.inText = false;
        break;
      case 'p': {
        const paragraph = this.paragraphs.pop();
        if (paragraph) this.end(paragraph);
        break;
      }
      case 'tc':
        if (table?.cell) {
          const { columns, merged, text } = table.cell;
          const above = table.rows.at(-1)?.[table.row.length] ?? '';
          const cell = merged === 'continue' && text === '' ? above : text;
          for (let count = 0; count < columns; count++) table.row.push(cell);
          table.cell = null;
        }
        break;
      case 'tr':
        if (table) table.rows.push(table.row);
        break;
      case 'tbl': {
        this.tables.pop();
        const outer = this.tables.at(-1);
        if (!table) break;
        if (outer?.cell)
          outer.cell.text += (outer.cell.text && '\n') + table.rows.map((row) => row.join(' ')).join('\n');
        else this.done.push(table);
        break;
      }
      case 'body':
        this.flushList();
        break;
    }
  }

  private end(paragraph: Paragraph): void {
    const text = cleanText(paragraph.text)
      .replace(/[ \t\u00a0]+/g, ' ')
      .trim();
    const { styles, numbering } = this.context;
    if (text === '') return;
    const cell = this.tables.at(-1)?.cell;
    if (cell) {
      cell.text += (cell.text && '\n') + [text, ...paragraph.notes].join('\n');
      return;
    }
    // In a text box, which is inside of another paragraph, or in a table of contents.
    if (styles.isTableOfContents(paragraph.style)) return;
    const page = this.context.paged ? { page: paragraph.page } : {};
    const own =
      paragraph.outline === null || paragraph.outline > 8 ? null : Math.min(6, paragraph.outline + 1);
    const level = styles.headingLevel(paragraph.style) ?? own;
    const list = paragraph.list
      ? paragraph.list.list === '0'
        ? null
        : { ...paragraph.list, list: paragraph.list.list || (styles.list(paragraph.style)?.list ?? '') }
      : styles.list(paragraph.style);
    const marker = list ? numbering.next(list.list, list.level) : '';
    if (level !== null && text.length <= 300) {
      this.flushList();
      if (this.title === null && (styles.isTitle(paragraph.style) || level === 1)) this.title = text;
      const number = marker === '-' || marker === '' ? '' : `${marker} `;
      this.done.push({ kind: 'heading', text: number + text.replace(/\n/g, ' '), level, ...page });
    } else if (list) {
      if (this.list.length === 0) this.listPage = paragraph.page;
      this.list.push(
        `${'  '.repeat(Math.min(8, list.level))}${marker && `${marker} `}${text.replace(/\n/g, ' ')}`,
      );
    } else {
      this.flushList();
      this.done.push({ kind: 'paragraph', text, ...page });
    }
    for (const note of paragraph.notes) {
      this.flushList();
      this.done.push({ kind: 'paragraph', text: note, ...page });
    }
  }

  private flushList(): void {
    if (this.list.length > 0)
      this.done.push({
        kind: 'list',
        text: this.list.join('\n'),
        ...(this.context.paged ? { page: this.listPage } : {}),
      });
    this.list = [];
  }

  private write(text: string): void {
    const paragraph = this.paragraphs.at(-1);
    if (paragraph) paragraph.text += text;
  }

  private openMath(name: string, attributes: Record<string, string>): void {
    const node: MathNode = { name, attributes, children: [], text: '' };
    this.math.at(-1)?.children.push(node);
    this.math.push(node);
  }

  private closeMath(): void {
    const node = this.math.pop();
    if (node && this.math.length === 0) this.write(` ${mathText(node).trim()} `);
  }
}
