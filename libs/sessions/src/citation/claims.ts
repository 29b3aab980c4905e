import { sentences } from '@midplane/kernel';

/** A sentence of an answer. */
export interface Claim {
  /** Without its marks. */
  text: string;
  /** The numbers of the passages that it cites. */
  cites: number[];
  /** UTF-16 offset in the answer behind it and its marks, where the next one begins. */
  end: number;
}

/** A citation, with the space before it. */
export const MARK = /\s*\[(\d{1,2})\]/gu;

/**
 * Cuts an answer into its sentences. A mark belongs to the sentence before it, whether it stands before or after
 * the full stop.
 * @param text an answer whose citations are all written [n]
 */
export function claimsOf(text: string): Claim[] {
  let bare = '';
  let from = 0;
  const marks: { at: number; cites: number; length: number }[] = [];
  for (const match of text.matchAll(MARK)) {
    bare += text.slice(from, match.index);
    from = match.index + match[0].length;
    marks.push({ at: bare.length, cites: Number(match[1]), length: match[0].length });
  }
  bare += text.slice(from);

  const cut = sentences(bare);
  const behindMarks = (at: number): number =>
    marks.reduce((place, mark) => (mark.at <= at ? place + mark.length : place), at);
  const claims = cut.map((sentence, i): Claim => ({
    text: sentence.text,
    cites: [],
    end: cut[i + 1] ? behindMarks(cut[i + 1]!.start) : text.length,
  }));
  for (const { at, cites } of marks) {
    const index = cut.findLastIndex((sentence) => sentence.start < at);
    const claim = claims[index];
    if (claim && !claim.cites.includes(cites)) claim.cites.push(cites);
  }
  return claims;
}
