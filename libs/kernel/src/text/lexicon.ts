import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

const HAN = /^\p{Script=Han}/u;

/**
 * What Chinese words may mean in English, by CC-CEDICT; words on both sides in the form that indexes hold. It is for
 * words that a passage in the other language may hold, each with all its meanings: it translates no sentence.
 */
export class Lexicon {
  private readonly english = new Map<string, string>();
  private readonly chinese = new Map<string, Set<string>>();
  private readonly common: ReadonlySet<string>;

  /**
   * @param lines English words that say nothing, parted by spaces; then a Chinese word in each, a space, and its glosses,
   *   parted by semicolons, their words by spaces
   */
  constructor([common, ...lines]: readonly string[]) {
    this.common = new Set(common!.split(' '));
    for (const line of lines) {
      const end = line.indexOf(' ');
      const word = line.slice(0, end);
      const glosses = line.slice(end + 1);
      this.english.set(word, glosses);
      for (const meaning of glosses.split(/[; ]/u)) {
        const words = this.chinese.get(meaning);
        if (words) words.add(word);
        else this.chinese.set(meaning, new Set([word]));
      }
    }
  }

  /** @returns what a Chinese word may mean, each as English words */
  glossesOf(word: string): string[][] {
    const glosses = this.english.get(word)?.split(';') ?? [];
    return glosses.map((gloss) => gloss.split(' '));
  }

  /** @returns the Chinese words that have an English one in a gloss */
  wordsMeaning(word: string): Iterable<string> {
    return this.chinese.get(word) ?? [];
  }

  /** @returns whether a word says nothing of what a text is about: question words, and a Chinese character alone */
  isCommon(word: string): boolean {
    return this.common.has(word) || (HAN.test(word) && word.length < 2);
  }
}

let loaded: Promise<Lexicon> | undefined;

/** @returns the lexicon that is shipped, read once: a quarter of a second */
export function shippedLexicon(): Promise<Lexicon> {
  // Made by `npm run lexicon`.
  return (loaded ??= readFile(new URL('../../lexicon/zh-en.txt.gz', import.meta.url))
    .then((bytes) => promisify(gunzip)(bytes))
    .then((text) => new Lexicon(text.toString().trimEnd().split('\n'))));
}
