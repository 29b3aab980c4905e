import Table from 'cli-table3';
import colors from 'picocolors';
import stringWidth from 'string-width';

/** Whether a person watches: then there are colours and bars. */
export const interactive = Boolean(process.stdout.isTTY);

/** Colours that are none where the output is not a terminal. */
export const paint = colors.createColors(interactive);

export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, interactive ? 2 : 0));
}

/** Prints rows under a header; plain columns that a script can read where the output is not a terminal. */
export function printTable(head: string[], rows: string[][]): void {
  if (!interactive) {
    for (const row of [head, ...rows]) print(row.map((cell) => cell.replace(/\s+/g, ' ')).join('\t'));
    return;
  }
  const width = Math.max(60, process.stdout.columns ?? 80);
  const first = Math.min(
    Math.floor(width * 0.4),
    Math.max(...rows.map((row) => stringWidth(row[0] ?? '') + 2), 10),
  );
  const middle = Math.max(...rows.concat([head]).map((row) => stringWidth(row[1] ?? '') + 2));
  const colWidths = head.length === 3 ? [first, middle, Math.max(20, width - first - middle - 4)] : undefined;
  const table = new Table({
    head,
    colWidths,
    wordWrap: true,
    wrapOnWordBoundary: false,
    style: { head: [], border: [] },
  });
  table.push(...rows);
  print(table.toString());
}

/** @param share 0 to 1; @returns a bar of `width` cells */
export function bar(share: number, width = 24): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return paint.cyan('█'.repeat(full)) + paint.dim('░'.repeat(width - full));
}

/** @returns a number of bytes as a person reads it */
export function bytes(count: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
