import { tableText } from './block.js';
import { cleanText, type Reading } from './reading.js';

/** A block holds so many rows, so that a table need not fit into memory. */
const ROWS_PER_BLOCK = 100;
const MAX_COLUMNS = 1000;

/**
 * Writes a table row by row, in blocks of 100 rows that all have the header: the first row that is not empty.
 * Columns that are empty throughout a block are left out.
 */
export class TableWriter {
  private header: string[] | undefined;
  private rows: string[][] = [];
  private written = false;
  private readonly reading: Reading;
  private readonly page: number | undefined;

  constructor(reading: Reading, page?: number) {
    this.reading = reading;
    this.page = page;
  }

  async add(cells: readonly string[]): Promise<void> {
    const row = cells.slice(0, MAX_COLUMNS).map((cell) => cleanText(cell).trim());
    if (row.every((cell) => cell === '')) return;
    if (!this.header) {
      this.header = row;
      return;
    }
    this.rows.push(row);
    if (this.rows.length >= ROWS_PER_BLOCK) await this.flush();
  }

  /** Writes what is left; a table of a single row is a paragraph. */
  async end(): Promise<void> {
    if (this.rows.length > 0) await this.flush();
    else if (this.header && !this.written)
      await this.reading.write({
        kind: 'paragraph',
        text: this.header.filter((cell) => cell !== '').join(' | '),
        ...this.place(),
      });
    this.header = undefined;
    this.written = false;
  }

  private async flush(): Promise<void> {
    const all = [this.header ?? [], ...this.rows];
    const width = Math.max(...all.map((row) => row.length));
    const used = Array.from({ length: width }, (_, column) => column).filter((column) =>
      all.some((row) => (row[column] ?? '') !== ''),
    );
    const [header = [], ...rows] = all.map((row) => used.map((column) => row[column] ?? ''));
    const table = { header, rows };
    this.rows = [];
    this.written = true;
    if (used.length === 1)
      await this.reading.write({
        kind: 'paragraph',
        text: all.map((row) => row[used[0] ?? 0] ?? '').join('\n'),
        ...this.place(),
      });
    else await this.reading.write({ kind: 'table', text: tableText(table), table, ...this.place() });
  }

  private place(): { page?: number } {
    return this.page === undefined ? {} : { page: this.page };
  }
}
