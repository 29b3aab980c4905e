import { Jieba } from '@node-rs/jieba';
import { dict } from '@node-rs/jieba/dict.js';
import { stemmer } from 'stemmer';
import { fold } from './fold.js';

/** A word as the index holds it, and where it stands: [start, end) in UTF-16 units of the original text. */
export interface Word {
  word: string;
  start: number;
  end: number;
}

const STEMS_KEPT = 20_000;
const stems = new Map<string, string>();
const jieba = Jieba.withDict(dict);

/** Scripts written without spaces and without a dictionary here: their words are pairs of neighbouring characters. */
const UNSPACED =
  '\\p{Script=Hiragana}\\p{Script=Katakana}ー\\p{Script=Hangul}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}';
const LETTER = `[[\\p{L}\\p{N}]--[\\p{Script=Han}${UNSPACED}]]`;

/**
 * Runs of one kind: Han; an unspaced script; or letters and digits with what joins them within a word or a code
 * (ABC-1234, 3.5, user@example.com, don't, C++). A comma joins digits only.
 */
const RUN = new RegExp(
  `(\\p{Script=Han}+)|([${UNSPACED}]+)|${LETTER}+(?:(?:[\\-_.\\/:@\\&'’‐‑]|(?<=\\d),(?=\\d{3}(?!\\d)))${LETTER}+)*(?:\\+\\+|#(?!${LETTER}))?`,
  'gv',
);

const ONE_WORD = /^[\p{L}\p{N}]+$/u;
const POSSESSIVE = /['’]s$/;
const UNPARTING = /(?<=\d),(?=\d{3})|['’]/g;
const GAP = '\u0000';
const JOINT = /([^\p{L}\p{N}\u0000]+)/u;
const DECIMAL_POINT = /(?<=\d)\.(?=\d)/g;
/** What is a word as a whole too: with a digit, @, ++ or # in it, joined by hyphens only, or letters with dots (U.S.). */
const CODE = /[\d@+#]|^[^./:_&]+$|^(\p{L}\.)+\p{L}$/u;
const STEMMED = /^[a-z]{3,}$/;
const SCIENTIFIC = /^\d+e\d/;

/** Longest word kept, in UTF-16 units: what is longer is no word but data, and is cut. */
const MAX_LENGTH = 64;

/** Which of a text's words are looked for: these, and those that stand at a place, in UTF-16 units of the text. */
export interface Wanted {
  words: ReadonlySet<string>;
  places: readonly number[];
}

/**
 * The words of a text, as they are indexed and asked for. Chinese is cut by jieba in search mode (a long word and
 * the words within it); English is stemmed; a code stands whole and in parts; digits keep their decimal point.
 * Every word passes through Postgres's `simple` configuration as one token: it holds letters and digits only, so
 * a decimal point is written 点.
 * @param wanted gives only these words, quicker: Chinese that holds none of them is not cut
 */
export function wordsOf(original: string, wanted?: Wanted): Word[] {
  const { text, startOf, endOf } = fold(original);
  const words: Word[] = [];
  const han: { run: string; at: number }[] = [];
  const placed = (start: number, end: number) =>
    wanted!.places.some((place) => place >= start && place < end);
  const add = (whole: string, at: number, length: number) => {
    const word = whole.slice(0, MAX_LENGTH);
    const [start, end] = [startOf(at), endOf(at + length - 1)];
    if (!wanted || wanted.words.has(word) || placed(start, end)) words.push({ word, start, end });
  };
  const sought = wanted && [...wanted.words];
  const worthCutting = (run: string, at: number) =>
    !sought || sought.some((word) => run.includes(word)) || placed(startOf(at), endOf(at + run.length - 1));
  for (const { 0: run, 1: isHan, 2: isUnspaced, index } of text.matchAll(RUN)) {
    if (isHan) {
      if (worthCutting(run, index)) han.push({ run, at: index });
    } else if (isUnspaced) cutPairs(run, (word, at) => add(word, index + at, word.length));
    else cutCode(run, (word, at, length) => add(word, index + at, length));
  }
  cutHan(han, (word, at) => add(word, at, word.length));
  return words.sort((a, b) => a.start - b.start || a.end - b.end);
}

/** @returns the words of a text in order, with a space between: what the index and its queries are made of. */
export function cutWords(text: string): string {
  return wordsOf(text)
    .map(({ word }) => word)
    .join(' ');
}

/** @returns each word of a question once. */
export function distinctWords(text: string): string[] {
  return [...new Set(wordsOf(text).map(({ word }) => word))];
}

/**
 * All runs in one go, since each call of jieba has its price; a line break parts them. jieba gives no places: in
 * search mode the words within a word come right before it, in order of length.
 */
function cutHan(runs: { run: string; at: number }[], add: (word: string, at: number) => void): void {
  if (runs.length === 0) return;
  const text = runs.map(({ run }) => run).join('\n');
  const words = jieba.cutForSearch(text, true);
  let next = 0;
  let run = 0;
  let at = runs[0]!.at;
  for (const whole of jieba.cut(text, true)) {
    let from = 0;
    let length = 0;
    for (let word = words[next++]; word !== undefined && word !== whole; word = words[next++]) {
      if (word.length !== length) from = 0;
      length = word.length;
      from = whole.indexOf(word, from);
      add(word, at + from);
      from++;
    }
    if (whole === '\n') {
      at = runs[++run]!.at;
      continue;
    }
    add(whole, at);
    at += whole.length;
  }
}

function cutPairs(run: string, add: (word: string, at: number) => void): void {
  const characters = [...run];
  let at = 0;
  for (let i = 0; i < Math.max(1, characters.length - 1); i++) {
    add(characters[i]! + (characters[i + 1] ?? ''), at);
    at += characters[i]!.length;
  }
}

function cutCode(run: string, add: (word: string, at: number, length: number) => void): void {
  if (ONE_WORD.test(run)) return add(asToken(run), 0, run.length);
  const parts: { text: string; at: number; length: number }[] = [];
  const word = run.replace(POSSESSIVE, '');
  let at = 0;
  // What stands within a word without parting it keeps its place, so that places stay right.
  for (const piece of word.replace(DECIMAL_POINT, '点').replace(UNPARTING, GAP).split(JOINT)) {
    const text = piece.replaceAll(GAP, '');
    if (/^[\p{L}\p{N}]/u.test(text)) parts.push({ text, at, length: piece.length });
    at += piece.length;
  }
  for (const part of parts) add(asToken(part.text), part.at, part.length);
  const suffix = word.endsWith('++') ? '加加' : word.endsWith('#') ? '井' : '';
  const whole = parts.map(({ text }) => text).join('') + suffix;
  if (parts.length + suffix.length > 1 && CODE.test(word) && whole.length <= MAX_LENGTH)
    add(asToken(whole), 0, word.length);
}

/** Postgres reads 1e5 as a number that ends there, whatever follows: a letter before it keeps it whole. */
function asToken(text: string): string {
  if (STEMMED.test(text)) return stemOf(text);
  return SCIENTIFIC.test(text) ? `数${text}` : text;
}

/** A language has few words that are used often: most stems are known already. */
function stemOf(word: string): string {
  const known = stems.get(word);
  if (known !== undefined) return known;
  if (stems.size >= STEMS_KEPT) stems.clear();
  const stem = stemmer(word);
  stems.set(word, stem);
  return stem;
}
