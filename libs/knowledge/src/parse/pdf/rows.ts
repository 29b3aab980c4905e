import { CJK } from '../script.js';
import type { Run } from './run.js';

/** Runs beside each other, in reading order. */
export interface Row {
  runs: Run[];
  left: number;
  right: number;
  /** Of the letters themselves, without the room that a font keeps above and below: rows of dense text part so. */
  top: number;
  bottom: number;
  baseline: number;
  /** Of most of its characters. */
  size: number;
}

export const coreTop = (run: Run): number => run.baseline - 0.72 * run.size;
export const coreBottom = (run: Run): number => run.baseline + 0.15 * run.size;

/** Puts runs beside each other into rows, from top to bottom. */
export function toRows(runs: readonly Run[]): Row[] {
  const rows: Run[][] = [];
  let top = 0;
  let bottom = 0;
  for (const run of [...runs].sort((one, other) => one.baseline - other.baseline || one.left - other.left)) {
    const overlap = Math.min(bottom, coreBottom(run)) - Math.max(top, coreTop(run));
    const height = Math.min(bottom - top, coreBottom(run) - coreTop(run));
    const current = rows.at(-1);
    if (current && overlap > 0.55 * height) {
      current.push(run);
      // A large initial does not pull the next row up.
      if (run.size > 0.8 * (current[0]?.size ?? 0)) {
        top = Math.min(top, coreTop(run));
        bottom = Math.max(bottom, coreBottom(run));
      }
    } else {
      rows.push([run]);
      top = coreTop(run);
      bottom = coreBottom(run);
    }
  }
  return rows.map(toRow);
}

export function toRow(runs: Run[]): Row {
  const rightToLeft = runs.filter((run) => run.rightToLeft).length * 2 > runs.length;
  runs.sort((one, other) => (rightToLeft ? other.right - one.right : one.left - other.left));
  const main = runs.reduce((best, run) =>
    run.text.length * run.size > best.text.length * best.size ? run : best,
  );
  return {
    runs,
    left: Math.min(...runs.map((run) => run.left)),
    right: Math.max(...runs.map((run) => run.right)),
    top: Math.min(...runs.map(coreTop)),
    bottom: Math.max(...runs.map(coreBottom)),
    baseline: main.baseline,
    size: main.size,
  };
}

/** @returns the text of runs beside each other: a space where there is a gap, none within a word. */
export function joinRuns(runs: readonly Run[]): string {
  let text = '';
  let previous: Run | undefined;
  for (const run of runs) {
    if (previous) {
      const gap = run.rightToLeft ? previous.left - run.right : run.left - previous.right;
      const size = Math.min(run.size, previous.size);
      const dense = CJK.test(text.slice(-1)) && CJK.test(run.text.charAt(0));
      if (gap > size * (dense ? 0.6 : 0.15)) text += ' ';
    }
    text += run.text;
    previous = run;
  }
  return text;
}

/** @returns a text's width in Latin letters: a Chinese character takes two. */
export function textWidth(text: string): number {
  let width = 0;
  for (const char of text) width += CJK.test(char) ? 2 : 1;
  return width;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[sorted.length >> 1] ?? 0;
}
