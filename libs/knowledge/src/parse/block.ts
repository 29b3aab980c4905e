/** [x, y, width, height] in points (1/72 inch) from the top left of the page as it is displayed. */
export type Box = [x: number, y: number, width: number, height: number];

/** Where a stretch of a block's text stands on paper. */
export interface Line {
  /** UTF-16 offsets into the block's text, end exclusive. */
  start: number;
  end: number;
  /** 1-based. */
  page: number;
  box: Box;
}

/** A table's cells as text; every row has as many cells as the header. */
export interface Table {
  header: string[];
  rows: string[][];
}

/** A stretch of a document in reading order. */
export interface TextBlock {
  kind: 'heading' | 'paragraph' | 'list' | 'table' | 'code';
  /**
   * Of a list: one item a line. Of a table: the header and then the rows, one a line, cells parted by ` | `
   * (`tableText`).
   */
  text: string;
  /** Of a heading: 1 (highest) to 6. */
  level?: number;
  /** 1-based page on which the block begins, where the source has pages. */
  page?: number;
  /** In text order. Only of sources with a fixed layout (PDF, and OCR of a scan). */
  lines?: Line[];
  table?: Table;
}

/** A page that is a picture: its text has to be read by OCR and put in this block's place. */
export interface ScanBlock {
  kind: 'scan';
  page: number;
  /** Absolute path of a PNG in the parse's work folder. */
  image: string;
  /** Of the page, in points: a pixel of the picture is `width / picture width` points wide. */
  width: number;
  height: number;
}

export type Block = TextBlock | ScanBlock;

/** @returns one line of a table's text: the cells parted by ` | `, line breaks inside a cell made spaces. */
export function rowText(cells: readonly string[]): string {
  return cells.map((cell) => cell.replace(/\s*\n\s*/g, ' ')).join(' | ');
}

/** @returns the text of a table block: header and rows, one a line. */
export function tableText(table: Table): string {
  return [table.header, ...table.rows].map(rowText).join('\n');
}
