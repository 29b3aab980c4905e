import { Converter } from 'opencc-js/t2cn';

let convert: ((text: string) => string) | undefined;

/** @returns the text with Traditional Chinese characters made Simplified, by phrases; anything else as it is */
export function toSimplified(text: string): string {
  // The tables take a moment to build, and an English text needs none of them.
  if (!/\p{Script=Han}/u.test(text)) return text;
  return (convert ??= Converter({ from: 'tw', to: 'cn' }))(text);
}

/** @returns the text as patterns read it: Simplified, of usual width (Unicode's NFKC) */
export const normalized = (text: string): string => toSimplified(text.normalize('NFKC'));
