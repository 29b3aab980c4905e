import { cleanText, cleanTitle, type Reading } from '../reading.js';
import { TableWriter } from '../table-writer.js';
import { cellFormats, numberText, type CellFormat } from './cell-format.js';
import { OoxmlPackage } from './package.js';

/** Cells of a merged range that get the range's value; larger ranges are for looks. */
const MAX_MERGED = 10_000;

interface Merge {
  top: number;
  bottom: number;
  left: number;
  right: number;
  value: string;
}

interface Row {
  number: number;
  cells: string[];
}

/** Reads a workbook: each visible sheet is a heading and its tables, row by row. */
export async function readXlsx(path: string, reading: Reading): Promise<void> {
  const source = await OoxmlPackage.open(path, 'XLSX');
  try {
    const main = await source.mainPart();
    const relations = await source.relations(main);
    const part = (type: string): string | null =>
      [...relations.values()].find((each) => each.type === type)?.target ?? null;
    const sheets: { name: string; part: string }[] = [];
    let from1904 = false;
    await source.xml(
      main,
      {
        open: (name, attributes) => {
          const target = relations.get(attributes['r:id'] ?? '');
          if (
            name === 'sheet' &&
            target?.type === 'worksheet' &&
            (attributes.state ?? 'visible') === 'visible'
          )
            sheets.push({ name: attributes.name ?? '', part: target.target });
          if (name === 'workbookPr') from1904 = attributes.date1904 === '1' || attributes.date1904 === 'true';
        },
      },
      true,
    );
    const strings = await sharedStrings(source, part('sharedStrings'));
    const formats = await cellFormats(source, part('styles'));
    for (const sheet of sheets) {
      const writer = new SheetWriter(reading, sheet.name);
      const reader = new SheetReader(strings, formats, from1904, await merges(source, sheet.part));
      await source.xml(
        sheet.part,
        {
          open: (name, attributes) => {
            reader.open(name, attributes);
          },
          text: (text) => {
            reader.text(text);
          },
          close: (name) => {
            reader.close(name);
          },
          pause: async () => {
            for (const row of reader.rows.splice(0)) await writer.add(row);
          },
        },
        true,
      );
      await writer.end();
    }
    reading.title = cleanTitle((await source.properties()).title);
  } finally {
    source.close();
  }
}

/** Writes a sheet's rows: single cells above a table are its title, an empty row ends a table. */
class SheetWriter {
  private readonly reading: Reading;
  private readonly name: string;
  private table: TableWriter | null = null;
  private last = 0;
  private empty = true;

  constructor(reading: Reading, name: string) {
    this.reading = reading;
    this.name = name;
  }

  async add(row: Row): Promise<void> {
    const filled = row.cells.filter((cell) => cell.trim() !== '');
    if (filled.length === 0) return;
    if (this.empty)
      await this.reading.write({ kind: 'heading', text: cleanText(this.name).trim() || 'Sheet', level: 1 });
    this.empty = false;
    if (this.table && row.number > this.last + 1 && looksLikeHeader(filled)) await this.endTable();
    this.last = row.number;
    if (!this.table && new Set(filled).size === 1) {
      await this.reading.write({ kind: 'paragraph', text: cleanText(filled[0] ?? '').trim() });
      return;
    }
    this.table ??= new TableWriter(this.reading);
    await this.table.add(row.cells);
  }

  async end(): Promise<void> {
    await this.endTable();
  }

  private async endTable(): Promise<void> {
    await this.table?.end();
    this.table = null;
  }
}

/** Words only, each once. */
function looksLikeHeader(filled: readonly string[]): boolean {
  return filled.every((cell) => !/^[\d.,%\s-]+$/.test(cell)) && new Set(filled).size === filled.length;
}

class SheetReader {
  readonly rows: Row[] = [];
  private readonly strings: readonly string[];
  private readonly formats: readonly CellFormat[];
  private readonly from1904: boolean;
  private readonly merges: Merge[];
  private row: Row = { number: 0, cells: [] };
  private column = 0;
  private type = 'n';
  private format: CellFormat = 'number';
  private value = '';
  private reads = false;
  private skipped = false;

  constructor(
    strings: readonly string[],
    formats: readonly CellFormat[],
    from1904: boolean,
    merged: Merge[],
  ) {
    this.strings = strings;
    this.formats = formats;
    this.from1904 = from1904;
    this.merges = merged;
  }

  open(name: string, attributes: Record<string, string>): void {
    if (name === 'row') {
      this.row = { number: Number(attributes.r) || this.row.number + 1, cells: [] };
      this.column = -1;
    } else if (name === 'c') {
      this.column = attributes.r ? columnOf(attributes.r) : this.column + 1;
      this.type = attributes.t ?? 'n';
      this.format = this.formats[Number(attributes.s ?? -1)] ?? 'number';
      this.value = '';
    } else if (name === 'rPh') this.skipped = true;
    else if (name === 'v' || name === 't') this.reads = !this.skipped;
  }

  text(text: string): void {
    if (this.reads) this.value += text;
  }

  close(name: string): void {
    if (name === 'v' || name === 't') this.reads = false;
    else if (name === 'rPh') this.skipped = false;
    else if (name === 'c' && this.column < 16_384) this.row.cells[this.column] = this.shown();
    else if (name === 'row') {
      this.fillMerges();
      this.rows.push({ number: this.row.number, cells: Array.from(this.row.cells, (cell) => cell ?? '') });
    }
  }

  private shown(): string {
    switch (this.type) {
      case 's':
        return this.strings[Number(this.value)] ?? '';
      case 'b':
        return this.value === '1' ? 'TRUE' : this.value === '' ? '' : 'FALSE';
      case 'n':
        return this.value === '' ? '' : numberText(this.value, this.format, this.from1904);
      default:
        return this.value;
    }
  }

  private fillMerges(): void {
    const row = this.row.number;
    for (let at = this.merges.length - 1; at >= 0; at--) {
      const merge = this.merges[at];
      if (!merge) continue;
      if (row > merge.bottom) {
        this.merges.splice(at, 1);
        continue;
      }
      if (row < merge.top) continue;
      if (row === merge.top) merge.value = this.row.cells[merge.left] ?? '';
      for (let column = merge.left; column <= merge.right; column++) this.row.cells[column] ??= '';
      for (let column = merge.left; column <= merge.right; column++)
        if (this.row.cells[column] === '') this.row.cells[column] = merge.value;
    }
  }
}

/** @returns the merged ranges of a sheet. They stand behind its cells, and are looked for in its text. */
async function merges(source: OoxmlPackage, part: string): Promise<Merge[]> {
  const found = new Map<string, Merge>();
  await source.scan(
    part,
    (text) => {
      for (const [, from = '', to = ''] of text.matchAll(
        /<(?:\w+:)?mergeCell [^>]*?ref="([A-Z]{1,3}\d{1,7}):([A-Z]{1,3}\d{1,7})"/g,
      )) {
        const merge = {
          top: rowOf(from),
          bottom: rowOf(to),
          left: columnOf(from),
          right: columnOf(to),
          value: '',
        };
        if (
          (merge.bottom - merge.top + 1) * (merge.right - merge.left + 1) <= MAX_MERGED &&
          found.size < MAX_MERGED
        )
          found.set(`${from}:${to}`, merge);
      }
    },
    100,
  );
  return [...found.values()];
}

async function sharedStrings(source: OoxmlPackage, part: string | null): Promise<string[]> {
  const strings: string[] = [];
  if (part === null) return strings;
  let text = '';
  let reads = false;
  let phonetic = false;
  await source.xml(part, {
    open: (name) => {
      if (name === 'si') text = '';
      else if (name === 'rPh') phonetic = true;
      else if (name === 't') reads = !phonetic;
    },
    text: (value) => {
      if (reads) text += value;
    },
    close: (name) => {
      if (name === 'si') strings.push(text);
      else if (name === 'rPh') phonetic = false;
      else if (name === 't') reads = false;
    },
  });
  return strings;
}

/** @returns the 0-based column of a reference: `AB12` is 27. */
function columnOf(reference: string): number {
  let column = 0;
  for (let at = 0; at < reference.length; at++) {
    const code = reference.charCodeAt(at);
    if (code < 65 || code > 90) break;
    column = column * 26 + code - 64;
  }
  return column - 1;
}

const rowOf = (reference: string): number => Number(reference.replace(/^[A-Z]+/, ''));
