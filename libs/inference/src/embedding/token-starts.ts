/** What makes no part of a token: spaces, also as SentencePiece writes them, and what can't be seen. */
const SPACE = /[\s▁\p{Cc}\u200b-\u200f\ufffd]/gu;

/** Characters with the marks that belong to them: those are composed with one another, not with their neighbours. */
const COMPOSED = /\P{M}\p{M}*|\p{M}+/gu;

/**
 * Where tokens stand in their text. The tokenizer gives none of that away, but a token is a piece of the text as NFKC
 * normalizes it, spaces aside; where it changes the text in some other way the places are off by that much.
 * @param tokens as the tokenizer writes them, without special ones
 * @returns for each the UTF-16 offset in the text at which it begins, at most 65,535; in order, never decreasing
 */
export function tokenStarts(text: string, tokens: readonly string[]): Uint16Array {
  const places: number[] = [];
  for (const { 0: character, index } of text.matchAll(COMPOSED)) {
    const units = character.normalize('NFKC').replace(SPACE, '').length;
    for (let unit = 0; unit < units; unit++) places.push(index);
  }
  const starts = new Uint16Array(tokens.length);
  let at = 0;
  for (const [i, token] of tokens.entries()) {
    starts[i] = Math.min(65_535, places[Math.min(at, places.length - 1)] ?? 0);
    at += token.replace(SPACE, '').length;
  }
  return starts;
}
