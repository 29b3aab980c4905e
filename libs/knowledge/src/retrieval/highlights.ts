import { wordsOf } from '../lexical/index.js';
import { LATE_INTERACTION } from './rerank/late-interaction/late-interaction.parameters.js';
import type { Meeting } from './rerank/late-interaction/matches.js';

/** Words that are in every text and show nothing: marking them would hide what carried the match. */
const UNMARKED = new Set(
  (
    '的 了 是 在 和 与 或 有 为 被 把 对 从 以 及 等 其 之 也 都 而 但 这 那 什么 哪 哪个 哪些 谁 几 多少 怎么 如何 吗 呢 吧 ' +
    'a an the of to in on at by for with from and or is are was were be been do doe did it its thi that what which who whom ' +
    'whose when where why how can could will would should not no as if ha have had have their there'
  ).split(' '),
);

/** [start, end) in UTF-16 units of a text. */
type Span = [start: number, end: number];

/**
 * What in a text carried the match: the words of the question, in any of the forms in which they meet, and the words
 * that its tokens met where these are written differently, as in another language.
 * @param words of the question
 * @param alignment how the question's tokens meet the text's, where that is known
 * @param ahead UTF-16 units of what stood before the text when it was embedded
 * @returns spans in order, none touching another
 */
export function highlightsOf(
  text: string,
  words: string[],
  alignment?: Pick<Meeting, 'best'>,
  ahead = 0,
): Span[] {
  const asked = new Set(words.filter((word) => !UNMARKED.has(word)));
  const places = alignment ? placesMet(alignment, ahead) : [];
  const spans: Span[] = [];
  for (const { word, start, end } of wordsOf(text, { words: asked, places })) {
    if (UNMARKED.has(word)) continue;
    const last = spans.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else spans.push([start, end]);
  }
  return spans;
}

/** @returns where in the text tokens stand that tokens of the question met well, in no order */
function placesMet({ best }: Pick<Meeting, 'best'>, ahead: number): number[] {
  return [...best.starts]
    .filter((start, i) => start >= ahead && best.cosines[i]! >= LATE_INTERACTION.met)
    .map((start) => start - ahead);
}
