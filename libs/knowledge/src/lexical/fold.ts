import { Converter } from 'opencc-js/t2cn';

/** A text in one form, with the way back to the original. */
export interface FoldedText {
  /** Half width where there are two widths, lower case, Simplified Chinese. */
  text: string;
  /** @returns where in the original the character begins that a UTF-16 unit of `text` came from */
  startOf(unit: number): number;
  /** @returns where in the original that character ends */
  endOf(unit: number): number;
}

/** Taiwan's forms to the mainland's, by phrases: 頭髮 becomes 头发 and 發展 becomes 发展, 看著 becomes 看着. */
const toSimplified = Converter({ from: 'tw', to: 'cn' });

/** A character with the marks that belong to it; half-width kana carry their voicing marks behind them. */
const CHARACTER = /[^][\p{M}\uFF9E\uFF9F]*/gu;
/** What can become one with the character before it. */
const MERGING = /[\p{M}\u1100-\u11FF\uFF9E\uFF9F]/u;
const ACCENTED_LATIN = /[\u00DF-\u024F\u1E00-\u1EFF]/;
const LATIN = /^\p{Script=Latin}/u;
const MARKS = /\p{M}+/gu;
const HAN = /\p{Script=Han}/u;
const HAN_RUN = /[\p{Script=Han}]+|[^\p{Script=Han}]+/gu;

/** Brings texts that mean the same to one form, so that a question and a passage written differently meet. */
export function fold(original: string): FoldedText {
  return simplify(foldWidthAndCase(original));
}

function foldWidthAndCase(original: string): FoldedText {
  const whole = foldCharacter(original);
  // Nothing merges, so nothing grew either where the length is the same: every unit has kept its place.
  if (whole.length === original.length && !MERGING.test(original) && !ACCENTED_LATIN.test(whole))
    return { text: whole, startOf: (unit) => unit, endOf: (unit) => unit + 1 };

  const pieces: [text: string, start: number, end: number][] = [];
  for (const { 0: character, index } of original.matchAll(CHARACTER)) {
    const half = foldCharacter(character);
    const bare = (LATIN.test(half) ? half.normalize('NFKD') : half).replace(MARKS, '');
    pieces.push([bare, index, index + character.length]);
  }
  return joined(pieces);
}

const foldCharacter = (character: string): string => character.normalize('NFKC').toLowerCase();

function simplify(folded: FoldedText): FoldedText {
  if (!HAN.test(folded.text)) return folded;
  const simple = toSimplified(folded.text);
  if (simple.length === folded.text.length) return { ...folded, text: simple };
  // A phrase of another length: in its run of characters each is converted alone, so that it keeps its place.
  const pieces: [text: string, start: number, end: number][] = [];
  for (const { 0: run, index } of folded.text.matchAll(HAN_RUN)) {
    const converted = toSimplified(run);
    const inPlace = converted.length === run.length && [...run].length === run.length;
    let at = index;
    for (const [i, character] of [...run].entries()) {
      const text = inPlace ? converted[i]! : toSimplified(character);
      pieces.push([text, folded.startOf(at), folded.endOf(at + character.length - 1)]);
      at += character.length;
    }
  }
  return joined(pieces);
}

function joined(pieces: [text: string, start: number, end: number][]): FoldedText {
  const starts: number[] = [];
  const ends: number[] = [];
  for (const [text, start, end] of pieces) {
    for (let i = 0; i < text.length; i++) {
      starts.push(start);
      ends.push(end);
    }
  }
  return {
    text: pieces.map(([text]) => text).join(''),
    startOf: (unit) => starts[unit]!,
    endOf: (unit) => ends[unit]!,
  };
}
