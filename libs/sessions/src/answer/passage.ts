import type { SearchHit } from '@midplane/contracts';
import { stripMarks, withoutMarks } from '../citation/marks.js';

/** A hit as an answerer sees it. */
export interface Passage {
  /** What [n] in an answer refers to: 1 for the first hit. */
  number: number;
  hit: SearchHit;
  /** The hit's own text without its numbers in brackets, which would pass for citations. */
  text: string;
  /** @returns where a UTF-16 offset of `text` lies in the hit's own text */
  placeOf(offset: number): number;
  /** The same with the neighbouring chunks around it, as far as they are not hits themselves. */
  context: string;
}

/** Numbers the hits in their order. */
export function numberPassages(hits: readonly SearchHit[]): Passage[] {
  const own = new Set(hits.map((hit) => hit.text));
  return hits.map((hit, i) => {
    const others = (texts: string[]) => texts.filter((text) => !own.has(text));
    return {
      number: i + 1,
      hit,
      ...stripMarks(hit.text),
      context: withoutMarks([...others(hit.before), hit.text, ...others(hit.after)].join('\n')),
    };
  });
}

/** @returns all that says what a passage is about: its text, its headings, its document's title */
export const textsOf = ({ text, hit }: Passage): string[] => [text, hit.documentTitle, ...hit.headings];
