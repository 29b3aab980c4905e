import { wordsOf } from '../lexical/index.js';

/** Words that are in every text and show nothing: marking them would hide what carried the match. */
const UNMARKED = new Set(
  (
    '的 了 是 在 和 与 或 有 为 被 把 对 从 以 及 等 其 之 也 都 而 但 这 那 什么 哪 哪个 哪些 谁 几 多少 怎么 如何 吗 呢 吧 ' +
    'a an the of to in on at by for with from and or is are was were be been do doe did it its thi that what which who whom ' +
    'whose when where why how can could will would should not no as if ha have had their there'
  ).split(' '),
);

/**
 * Where a text holds words of a question, in any of the forms in which they meet.
 * @param words of the question
 * @returns [start, end) in UTF-16 units of the text, in order, none touching another
 */
export function highlightsOf(text: string, words: string[]): [number, number][] {
  const asked = new Set(words.filter((word) => !UNMARKED.has(word)));
  if (asked.size === 0) return [];
  const spans: [number, number][] = [];
  for (const { start, end } of wordsOf(text, asked)) {
    const last = spans.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else spans.push([start, end]);
  }
  return spans;
}
