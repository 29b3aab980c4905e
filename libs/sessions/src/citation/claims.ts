import { sentences } from '@midplane/kernel';

/** A sentence of an answer, without its marks, and the numbers of the passages that it cites. */
export interface Claim {
  text: string;
  cites: number[];
}

const MARK = /\s*\[(\d{1,2})\]/gu;

/**
 * Cuts an answer into its sentences. A mark belongs to the sentence before it, whether it stands before or after
 * the full stop.
 * @param text an answer whose citations are all written [n]
 */
export function claimsOf(text: string): Claim[] {
  let bare = '';
  let from = 0;
  const marks: { at: number; cites: number }[] = [];
  for (const match of text.matchAll(MARK)) {
    bare += text.slice(from, match.index);
    from = match.index + match[0].length;
    marks.push({ at: bare.length, cites: Number(match[1]) });
  }
  bare += text.slice(from);

  const cut = sentences(bare);
  const claims = cut.map((sentence): Claim => ({ text: sentence.text, cites: [] }));
  for (const { at, cites } of marks) {
    const index = cut.findLastIndex((sentence) => sentence.start < at);
    const claim = claims[index];
    if (claim && !claim.cites.includes(cites)) claim.cites.push(cites);
  }
  return claims;
}
