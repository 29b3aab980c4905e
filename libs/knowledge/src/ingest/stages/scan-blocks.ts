import type { OcrLine } from '@midplane/contracts';
import type { Line, ScanBlock, TextBlock } from '../../parse/index.js';

/** Lines that OCR is less sure of are noise: stamps, handwriting, borders. */
const MIN_CONFIDENCE = 0.5;
/** Two pieces stand on one row where they share this much of the lower one's height. */
const SAME_ROW = 0.5;
/** A gap of more than this many line heights parts two paragraphs. */
const PARAGRAPH_GAP = 0.9;

interface Row {
  text: string;
  x: number;
  y: number;
  right: number;
  bottom: number;
}

/**
 * @param lines as OCR gives them, boxes as shares of the picture's sides
 * @returns the page's paragraphs from top to bottom, each row with its box in points
 */
export function blocksOfScan(scan: ScanBlock, lines: OcrLine[]): TextBlock[] {
  const paragraphs: Row[][] = [];
  let last: Row | undefined;
  for (const row of rowsOf(scan, lines)) {
    const paragraph = paragraphs.at(-1);
    if (paragraph && last && row.y - last.bottom <= PARAGRAPH_GAP * (last.bottom - last.y))
      paragraph.push(row);
    else paragraphs.push([row]);
    last = row;
  }
  return paragraphs.map((rows) => paragraphOf(scan.page, rows));
}

/** Pieces side by side (the cells of a form, say) make one row, from left to right. */
function rowsOf(scan: ScanBlock, lines: OcrLine[]): Row[] {
  const pieces = lines
    .filter((line) => line.confidence >= MIN_CONFIDENCE && line.text.trim() !== '')
    .map(({ text, box: [x, y, width, height] }) => ({
      text: text.trim(),
      x: x * scan.width,
      y: y * scan.height,
      right: (x + width) * scan.width,
      bottom: (y + height) * scan.height,
    }))
    .sort((a, b) => a.y - b.y);
  const rows: Row[][] = [];
  for (const piece of pieces) {
    const row = rows.at(-1);
    const above = row?.at(-1);
    const shared = above ? Math.min(above.bottom, piece.bottom) - Math.max(above.y, piece.y) : 0;
    if (row && above && shared > SAME_ROW * Math.min(above.bottom - above.y, piece.bottom - piece.y))
      row.push(piece);
    else rows.push([piece]);
  }
  return rows.map((row) => {
    row.sort((a, b) => a.x - b.x);
    return {
      text: row.map((piece) => piece.text).join(' '),
      x: Math.min(...row.map((piece) => piece.x)),
      y: Math.min(...row.map((piece) => piece.y)),
      right: Math.max(...row.map((piece) => piece.right)),
      bottom: Math.max(...row.map((piece) => piece.bottom)),
    };
  });
}

function paragraphOf(page: number, rows: Row[]): TextBlock {
  let text = '';
  const lines: Line[] = [];
  for (const row of rows) {
    if (text !== '') text += '\n';
    const start = text.length;
    text += row.text;
    lines.push({
      start,
      end: text.length,
      page,
      box: [row.x, row.y, row.right - row.x, row.bottom - row.y],
    });
  }
  return { kind: 'paragraph', text, page, lines };
}
