import { numbersIn } from '../../citation/facts.js';
import { normalized } from '../../text/simplified.js';

/** Units of time as English and Chinese count them. */
const UNITS: readonly (readonly [unit: string, english: string, chinese: string])[] = [
  ['year', 'years?', '年'],
  ['month', 'months?', '个月'],
  ['week', 'weeks?', '个?(?:周(?!岁)|星期|礼拜)'],
  ['day', 'days?', '[天日]'],
  ['hour', 'hours?', '个?(?:小时|钟头)'],
  ['minute', 'minutes?', '分钟'],
];
const PATTERNS = UNITS.map(([unit, english, chinese]) => ({
  unit,
  pattern: new RegExp(
    `(?<number>[\\p{Script=Latin}\\d.,]+)[\\s-]+${english}\\b|(?<numeral>[\\d.〇零一二两三四五六七八九十百千]+)\\s*${chinese}`,
    'giu',
  ),
}));

/** @returns the lengths of time that a text names, in one form for both languages: "10 year" of "ten years" and 十年 */
export function durationsIn(text: string): Set<string> {
  const read = normalized(text);
  const found = PATTERNS.flatMap(({ unit, pattern }) =>
    [...read.matchAll(pattern)].flatMap(({ groups }) =>
      [...numbersIn(groups!.number ?? groups!.numeral!, false)].map((number) => `${number} ${unit}`),
    ),
  );
  return new Set(found);
}
