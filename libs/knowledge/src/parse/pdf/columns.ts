import { coreBottom, coreTop, median, textWidth, toRows } from './rows.js';
import type { Run } from './run.js';

/** A column of running text has lines of at least this many Latin letters… */
const MIN_LINE = 16;
/** …and most of them fill this part of it: cells of a table don't. */
const MIN_FILL = 0.6;
const MIN_ROWS = 3;

interface Gutter {
  x: number;
  top: number;
  bottom: number;
}

/**
 * Cuts a page's text into regions of a single column each, in reading order. A recursive XY cut (Nagy and Seth
 * 1984) that looks for gutters between running text first, and takes what stands above and below a gutter as
 * regions of their own, so that a title over two columns doesn't hide them. Tables stay whole: their columns are
 * not running text.
 */
export function columns(runs: Run[], depth = 0): Run[][] {
  if (runs.length === 0) return [];
  const gutter = depth < 12 && runs.length >= 2 * MIN_ROWS ? findGutter(runs) : null;
  if (!gutter) return [runs];
  const parts: Run[][] = [[], [], [], []];
  for (const run of runs) {
    const middle = (coreTop(run) + coreBottom(run)) / 2;
    const part = middle < gutter.top ? 0 : middle > gutter.bottom ? 3 : run.right <= gutter.x ? 1 : 2;
    parts[part]?.push(run);
  }
  return parts.flatMap((part) => columns(part, depth + 1));
}

function findGutter(runs: readonly Run[]): Gutter | null {
  const left = Math.min(...runs.map((run) => run.left));
  const right = Math.max(...runs.map((run) => run.right));
  const gap = Math.max(5, 0.6 * median(runs.map((run) => run.size)));
  let best: Gutter | null = null;
  let most = 0;
  for (const start of leftEdges(runs)) {
    if (start < left + 0.12 * (right - left) || start > right - 0.1 * (right - left)) continue;
    const crossing = runs
      .filter((run) => run.left < start - 1 && run.right > start - gap)
      .sort((one, other) => one.baseline - other.baseline);
    let top = -Infinity;
    for (const run of [...crossing, null]) {
      const bottom = run ? coreTop(run) : Infinity;
      const inside = runs.filter(
        (each) => coreTop(each) >= top - 1 && coreBottom(each) <= bottom + 1 && !crossing.includes(each),
      );
      const before = inside.filter((each) => each.right <= start - gap + 0.01);
      const after = inside.filter((each) => each.left >= start - 1);
      const text = inside.reduce((sum, each) => sum + each.text.length, 0);
      if (text > most && isRunningText(before) && isRunningText(after)) {
        // Only as high as both columns: what stands over one of them alone may be a title.
        best = {
          x: start - gap + 0.01,
          top: Math.min(...inside.map(coreTop)),
          bottom: Math.max(...inside.map(coreBottom)),
        };
        most = text;
      }
      if (run) top = Math.max(top, coreBottom(run));
    }
  }
  return best;
}

/** @returns x positions at which at least three runs begin, those with most first. */
function leftEdges(runs: readonly Run[]): number[] {
  const sorted = runs.map((run) => run.left).sort((one, other) => one - other);
  const edges: { x: number; count: number }[] = [];
  for (const x of sorted) {
    const last = edges.at(-1);
    if (last && x - last.x < 3) last.count++;
    else edges.push({ x, count: 1 });
  }
  return edges
    .filter((edge) => edge.count >= MIN_ROWS)
    .sort((one, other) => other.count - one.count)
    .slice(0, 12)
    .map((edge) => edge.x);
}

function isRunningText(runs: readonly Run[]): boolean {
  const rows = toRows(runs);
  if (rows.length < MIN_ROWS) return false;
  const widest = Math.max(...rows.map((row) => row.right)) - Math.min(...rows.map((row) => row.left));
  const broken = rows.filter((row) =>
    row.runs.some((run, at) => at > 0 && run.left - (row.runs[at - 1]?.right ?? 0) > 2 * row.size),
  );
  return (
    broken.length <= 0.34 * rows.length &&
    median(rows.map((row) => row.runs.reduce((sum, run) => sum + textWidth(run.text), 0))) >= MIN_LINE &&
    median(rows.map((row) => row.right - row.left)) >= MIN_FILL * widest
  );
}
