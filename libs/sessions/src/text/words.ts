import { stemmer } from 'stemmer';
import { normalized } from './simplified.js';

const STOP_EN = new Set(
  (
    'a an the of in on at to for from by with about as into than and or but if so is are was were be been being am ' +
    'do does did done has have had will would can could should may might must shall not no it its this that these ' +
    'those there their they them he she his her him you your we our i me my us who whom whose which what when where ' +
    'why how much many s t d ll re ve'
  ).split(' '),
);

/** Question words and particles, the longer ones first: they carry no content, and a word ends where they stand. */
const STOP_ZH = new RegExp(
  [
    ...'什么时候 什么样 为什么 有多少 怎么样 多少 什么 哪一 哪些 哪里 哪儿 哪个 哪位 哪年 哪种 怎么 怎样 如何 请问 是否 何时 为何'.split(
      ' ',
    ),
    ...'哪何谁几吗呢的了是在和与及或被把对于之其这那有个会请',
  ].join('|'),
  'gu',
);

/**
 * The words of a text that carry content: English ones as Porter's stems, numbers as they are,
 * Chinese as pairs of neighbouring characters (a lone character as itself). Traditional and Simplified characters,
 * full-width and half-width ones meet. Question words, articles and particles are left out.
 * @returns the words in order, repeated where the text repeats them
 */
export function contentWords(text: string): string[] {
  const words: string[] = [];
  for (const [run] of normalized(text)
    .toLowerCase()
    .matchAll(/\p{Script=Han}+|\p{N}+(?:\.\p{N}+)*|[^\P{L}\p{Script=Han}]+/gu)) {
    if (/\p{Script=Han}/u.test(run)) words.push(...pairs(run));
    else if (!STOP_EN.has(run)) words.push(/^[a-z]{3,}$/.test(run) ? stemmer(run) : run);
  }
  return words;
}

function pairs(run: string): string[] {
  return run
    .replace(STOP_ZH, ' ')
    .split(' ')
    .flatMap((part) => {
      const characters = [...part];
      if (characters.length < 2) return characters;
      return characters.slice(1).map((character, i) => characters[i]! + character);
    });
}
