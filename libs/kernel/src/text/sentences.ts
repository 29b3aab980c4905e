/** A sentence's place in a text: UTF-16 offsets, end exclusive, without the white space around it. */
export interface Sentence {
  start: number;
  end: number;
  text: string;
}

/** Ends a sentence wherever it stands (full-width marks and the ideographic full stop). */
const ENDS_ALWAYS = new Set('。！？；｡…');
/** May end a sentence: what follows decides. */
const ENDS_PERHAPS = new Set('.!?');
/** Belongs to the sentence that it closes. */
const CLOSERS = new Set('"\'”’」』）)]】》〉');

const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

/** Lower case, without the last full stop. Those of titles, references and units are followed by a capital or a digit. */
const ABBREVIATIONS = new Set(
  (
    'mr mrs ms dr prof sr jr st gen col lt sgt rev hon pres gov sen rep capt ' +
    'v vs e.g i.e cf viz ca approx al ' +
    'no nos fig figs eq eqs sec ch chap vol pp p ed eds ref refs app art para tab ' +
    'inc ltd co corp dept univ assn bros ' +
    'jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun'
  ).split(' '),
);
/** Abbreviations that end a sentence as well when a capital follows. */
const MAY_END = new Set(['inc', 'ltd', 'co', 'corp', 'al', 'sr', 'jr', 'dept', 'univ']);
/** Abbreviations only where a number follows: "No." alone is an answer, "No. 5" is not. */
const BEFORE_NUMBER = new Set([
  'no',
  'nos',
  'fig',
  'figs',
  'p',
  'pp',
  'art',
  'ch',
  'sec',
  'tab',
  'app',
  'mar',
  'sun',
  'sat',
  'ed',
]);

/**
 * Cuts a text into sentences: at Chinese and Japanese marks wherever they stand; at `.`, `!` and `?` where white
 * space and no lower-case word follow, and not after abbreviations, initials and the number of a list item; at
 * every line break, so that the lines of a list or a table part.
 *
 * @returns the sentences in order; together they hold all of the text but white space. Linear in its length.
 */
export function sentences(text: string): Sentence[] {
  const found: Sentence[] = [];
  let start = 0;
  const cut = (end: number): void => {
    let from = start;
    let to = end;
    while (from < to && isSpace(text.charCodeAt(from))) from++;
    while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
    if (to > from) found.push({ start: from, end: to, text: text.slice(from, to) });
    start = end;
  };
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '\n' || char === '\u2029') {
      cut(at + 1);
      continue;
    }
    const always = ENDS_ALWAYS.has(char);
    if (!always && !ENDS_PERHAPS.has(char)) continue;
    let end = at + 1;
    let certain = always;
    while (end < text.length && (ENDS_ALWAYS.has(text.charAt(end)) || ENDS_PERHAPS.has(text.charAt(end)))) {
      certain ||= ENDS_ALWAYS.has(text.charAt(end));
      end++;
    }
    const marks = end;
    // A quote after white space opens the next quotation.
    while (end < text.length && CLOSERS.has(text.charAt(end)) && !isSpace(text.charCodeAt(end - 1))) end++;
    if (certain || endsHere(text, start, at, marks, end)) cut(end);
    at = end - 1;
  }
  cut(text.length);
  return found;
}

/** Decides about a run of `.`, `!` and `?` from `at` to `marks`, with its closing quotes up to `end`. */
function endsHere(text: string, start: number, at: number, marks: number, end: number): boolean {
  const next = text.charAt(end);
  if (next === '') return true;
  const stop = text.charAt(at) === '.';
  if (!isSpace(text.charCodeAt(end))) {
    // "好的.我们走" ends; "v1.2", "example.com" and "?id=1" don't.
    return CJK.test(next) && (!stop || CJK.test(text.charAt(at - 1)));
  }
  let follow = end;
  while (follow < text.length && isSpace(text.charCodeAt(follow)) && text.charAt(follow) !== '\n') follow++;
  const first = String.fromCodePoint(text.codePointAt(follow) ?? 10);
  if (/\p{Ll}/u.test(first)) return false;
  if (!stop || marks - at > 1) return true;
  const word = wordBefore(text, start, at);
  if (word === '') return true;
  // "J. Smith", "U.S. Congress": one letter, or letters each with a stop. "plan B." before a new sentence is rare.
  if (/^\p{Lu}$/u.test(word) || /^(\p{L}\.)+\p{L}$/u.test(word)) return false;
  // "1. Install it": the number of a list item, at the start of the sentence.
  if (/^\d{1,3}$/.test(word) && text.slice(start, at).trim() === word) return false;
  const lower = word.toLowerCase();
  if (!ABBREVIATIONS.has(lower)) return true;
  if (BEFORE_NUMBER.has(lower)) return !/\d/.test(first);
  return MAY_END.has(lower) && /\p{Lu}/u.test(first);
}

/** @returns the letters, digits and inner stops right before `at`, not reaching before `start`; at most 20. */
function wordBefore(text: string, start: number, at: number): string {
  let from = at;
  while (from > start && at - from < 20 && /[\p{L}\p{N}.]/u.test(text.charAt(from - 1))) from--;
  return text.slice(from, at).replace(/^\.+/, '');
}

function isSpace(code: number): boolean {
  return (
    code === 32 ||
    (code >= 9 && code <= 13) ||
    code === 0xa0 ||
    code === 0x3000 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0xfeff
  );
}
