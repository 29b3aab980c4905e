import { Converter } from 'opencc-js/t2cn';

/** A text in one form, and where each of its UTF-16 units came from. */
export interface FoldedText {
  /** Half width where there are two widths, lower case, Simplified Chinese. */
  text: string;
  /** For each UTF-16 unit of `text` and its end: the place in the original where its character begins. */
  starts: Int32Array;
  /** For each UTF-16 unit of `text`: the place in the original where its character ends. */
  ends: Int32Array;
}

/** Taiwan's forms to the mainland's, by phrases: 頭髮 becomes 头发 and 發展 becomes 发展, 看著 becomes 看着. */
const toSimplified = Converter({ from: 'tw', to: 'cn' });

/** A character with the marks that belong to it; half-width kana carry their voicing marks behind them. */
const CHARACTER = /[^][\p{M}\uFF9E\uFF9F]*/gu;
const HAN_RUN = /[\p{Script=Han}]+/gu;
const LATIN = /^\p{Script=Latin}/u;
const MARKS = /\p{M}+/gu;
const PLAIN = /^[\t\n\r -@[-~]$/;

/** Brings texts that mean the same to one form, so that a question and a passage written differently meet. */
export function fold(original: string): FoldedText {
  let text = '';
  const starts: number[] = [];
  const ends: number[] = [];
  for (const match of original.matchAll(CHARACTER)) {
    const character = match[0];
    const folded = PLAIN.test(character) ? character : foldCharacter(character);
    text += folded;
    for (let i = 0; i < folded.length; i++) {
      starts.push(match.index);
      ends.push(match.index + character.length);
    }
  }
  return simplify({ text, starts: Int32Array.from(starts), ends: Int32Array.from(ends) });
}

function foldCharacter(character: string): string {
  const half = character.normalize('NFKC').toLowerCase();
  const bare = LATIN.test(half) ? half.normalize('NFKD') : half;
  return bare.replace(MARKS, '');
}

function simplify(folded: FoldedText): FoldedText {
  let changed = false;
  const pieces: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  let done = 0;
  const keep = (to: number) => {
    pieces.push(folded.text.slice(done, to));
    for (; done < to; done++) {
      starts.push(folded.starts[done]!);
      ends.push(folded.ends[done]!);
    }
  };
  for (const match of folded.text.matchAll(HAN_RUN)) {
    const simple = toSimplified(match[0]);
    if (simple === match[0]) continue;
    changed = true;
    keep(match.index);
    if (simple.length === match[0].length) {
      pieces.push(simple);
      for (const end = done + simple.length; done < end; done++) {
        starts.push(folded.starts[done]!);
        ends.push(folded.ends[done]!);
      }
      continue;
    }
    // A phrase of another length: without its context each character still has a place to come from.
    for (const character of match[0]) {
      const one = toSimplified(character);
      pieces.push(one);
      for (let i = 0; i < one.length; i++) {
        starts.push(folded.starts[done]!);
        ends.push(folded.ends[done]!);
      }
      done += character.length;
    }
  }
  if (!changed) return folded;
  keep(folded.text.length);
  return { text: pieces.join(''), starts: Int32Array.from(starts), ends: Int32Array.from(ends) };
}
