import type { OcrLine } from '@midplane/contracts';
import type { Point, Quad, Turn } from './geometry.js';

export type Box = OcrLine['box'];

/**
 * @param turn quarter turns between the picture and the page as it is read
 * @returns the upright rectangle around a line, as shares of the sides, cut at the borders
 */
export function boxOf(picture: { width: number; height: number }, quad: Quad, turn: Turn): Box {
  const points = quad.map(([x, y]) => place(clip(x / picture.width), clip(y / picture.height), turn));
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left, top, Math.max(...xs) - left, Math.max(...ys) - top];
}

function place(x: number, y: number, turn: Turn): Point {
  switch (turn) {
    case 0:
      return [x, y];
    case 1:
      return [y, 1 - x];
    case 2:
      return [1 - x, 1 - y];
    case 3:
      return [1 - y, x];
  }
}

function clip(share: number): number {
  return Math.min(1, Math.max(0, share));
}

/**
 * Sorts lines from top to bottom, and those that stand side by side from left to right. Columns of a page are left
 * to whoever knows the whole document.
 */
export function inReadingOrder<T extends { place: Box }>(lines: readonly T[]): T[] {
  const rows: { middle: number; height: number; lines: T[] }[] = [];
  for (const line of [...lines].sort((a, b) => middleOf(a) - middleOf(b))) {
    const row = rows.at(-1);
    const height = line.place[3];
    if (row && middleOf(line) - row.middle < Math.min(row.height, height) / 2) row.lines.push(line);
    else rows.push({ middle: middleOf(line), height, lines: [line] });
  }
  return rows.flatMap((row) => row.lines.sort((a, b) => a.place[0] - b.place[0]));
}

function middleOf({ place: [, top, , height] }: { place: Box }): number {
  return top + height / 2;
}
