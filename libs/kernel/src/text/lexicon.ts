import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

const HAN = /^\p{Script=Han}/u;

/**
 * What Chinese words may mean in English, by CC-CEDICT; words on both sides as the index holds them. It is for words
 * that a passage in the other language may hold, each with all its meanings: it translates no sentence.
 */
export class Lexicon {
  private readonly english = new Map<string, string>();
  private readonly chinese = new Map<string, string[]>();
  private readonly common: ReadonlySet<string>;

  /** @param lines English words that say nothing; then a Chinese word and its English ones in each, parted by spaces */
  constructor([common, ...lines]: readonly string[]) {
    this.common = new Set(common!.split(' '));
    for (const line of lines) {
      const end = line.indexOf(' ');
      const word = line.slice(0, end);
      const meanings = line.slice(end + 1);
      this.english.set(word, meanings);
      for (const meaning of meanings.split(' ')) {
        const words = this.chinese.get(meaning);
        if (words) words.push(word);
        else this.chinese.set(meaning, [word]);
      }
    }
  }

  /** @returns words of the other language that mean the same, among other things; none for one that is not known */
  translationsOf(word: string): readonly string[] {
    if (!HAN.test(word)) return this.chinese.get(word) ?? [];
    return this.english.get(word)?.split(' ') ?? [];
  }

  /** @returns whether a word says nothing of what a text is about: question words, and a Chinese character alone */
  isCommon(word: string): boolean {
    return this.common.has(word) || (HAN.test(word) && word.length < 2);
  }
}

let loaded: Promise<Lexicon> | undefined;

/** @returns the lexicon that is shipped, read once: some tens of milliseconds */
export function shippedLexicon(): Promise<Lexicon> {
  // Made by `npm run lexicon`.
  return (loaded ??= readFile(new URL('../../lexicon/zh-en.txt.gz', import.meta.url))
    .then((bytes) => promisify(gunzip)(bytes))
    .then((text) => new Lexicon(text.toString().trimEnd().split('\n'))));
}
