import type { OcrLine } from '@midplane/contracts';
import type { Quad } from './geometry.js';

type Box = OcrLine['box'];

/** @returns the upright rectangle around a line, as shares of the picture's sides, cut at its borders */
export function shareOf(picture: { width: number; height: number }, quad: Quad): Box {
  const xs = quad.map(([x]) => Math.min(1, Math.max(0, x / picture.width)));
  const ys = quad.map(([, y]) => Math.min(1, Math.max(0, y / picture.height)));
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left, top, Math.max(...xs) - left, Math.max(...ys) - top];
}

/**
 * Sorts lines from top to bottom, and those that stand side by side from left to right. Columns of a page are left
 * to whoever knows the whole document.
 */
export function inReadingOrder<T extends { box: Box }>(lines: readonly T[]): T[] {
  const rows: { middle: number; height: number; lines: T[] }[] = [];
  for (const line of [...lines].sort((a, b) => middleOf(a) - middleOf(b))) {
    const row = rows.at(-1);
    const height = line.box[3];
    if (row && middleOf(line) - row.middle < Math.min(row.height, height) / 2) row.lines.push(line);
    else rows.push({ middle: middleOf(line), height, lines: [line] });
  }
  return rows.flatMap((row) => row.lines.sort((a, b) => a.box[0] - b.box[0]));
}

function middleOf({ box }: { box: Box }): number {
  return box[1] + box[3] / 2;
}
