import { normalized, toSimplified } from '../text/simplified.js';

const DIGIT_ZH: Record<string, number> = {
  零: 0,
  〇: 0,
  一: 1,
  二: 2,
  两: 2,
  三: 3,
  四: 4,
  五: 5,
  六: 6,
  七: 7,
  八: 8,
  九: 9,
  壹: 1,
  贰: 2,
  叁: 3,
  肆: 4,
  伍: 5,
  陆: 6,
  柒: 7,
  捌: 8,
  玖: 9,
};
const UNIT_ZH: Record<string, number> = { 十: 10, 拾: 10, 百: 100, 佰: 100, 千: 1000, 仟: 1000 };
const MYRIAD_ZH: Record<string, number> = { 万: 1e4, 亿: 1e8 };

const WORDS_EN = new Map<string, number>(
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty'
    .split(' ')
    .map((word, value): [string, number] => [word, value])
    .concat(
      'thirty forty fifty sixty seventy eighty ninety'.split(' ').map((word, i) => [word, (i + 3) * 10]),
    ),
);
const SCALE_EN: Record<string, number> = {
  hundred: 100,
  thousand: 1e3,
  million: 1e6,
  billion: 1e9,
  trillion: 1e12,
};
const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);

const MONTH_NAME = `(${MONTHS.join('|')}|${MONTHS.map((month) => month.slice(0, 3)).join('|')}|sept)`;
/** A month's name counts as one only beside a number: "may" and "march" are words as well. */
const MONTH = new RegExp(
  `\\b${MONTH_NAME}\\b\\.?(?=\\s*\\d)|(?<=\\d(?:st|nd|rd|th)?\\s+(?:of\\s+)?)\\b${MONTH_NAME}\\b`,
  'gu',
);
const ZH_NUMBER = /[零〇一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟]+/gu;
/** What a lone Chinese numeral has to stand before to be a number and not part of a word (三明治, 十分). */
const ZH_COUNTED =
  /^(?:年|个|月|日|天|周|星期|小时|时|分钟|秒|人|名|位|次|条|种|项|倍|元|岁|层|页|章|节|米|公里|千克|公斤|吨|%|％|成|折|级|期|届|件|份|台|套|家|所|座|间|张|本|册)/u;

/**
 * The numbers and dates of a text in one form: 1,200 and 1.2千 and "twelve hundred" are 1200, 2024年3月5日 and
 * March 5, 2024 are 2024, 3 and 5, 15% and 百分之十五 are 15.
 * @param strict leaves out numerals that may be part of a word ("one", a lone 一): for a claim, whose numbers must
 *   all be found. A passage is read with all of them.
 */
export function numbersIn(text: string, strict: boolean): Set<string> {
  const found = new Set<string>();
  let rest = normalized(text).toLowerCase();
  rest = rest.replace(MONTH, (month) => {
    found.add(String(MONTHS.findIndex((name) => name.startsWith(month.slice(0, 3))) + 1));
    return ' ';
  });
  rest = rest.replace(
    /(\d[\d,]*(?:\.\d+)?)\s*(十|百|千|万|亿|hundred|thousand|million|billion|trillion|k\b|bn\b)?(亿)?/gu,
    (_, digits: string, scale?: string, more?: string) => {
      // A comma groups thousands ("1,200"); anywhere else it parts two numbers ("3,5").
      const numbers = /^\d{1,3}(?:,\d{3})+(?:\.\d+)?$/u.test(digits)
        ? [digits.replaceAll(',', '')]
        : digits.split(',');
      numbers.forEach((number, i) => {
        if (number === '') return;
        const factor = i === numbers.length - 1 ? scaleOf(scale) * (more ? 1e8 : 1) : 1;
        found.add(canonical(Number(number) * factor));
      });
      return ' ';
    },
  );
  rest = rest.replace(ZH_NUMBER, (numeral: string, at: number) => {
    const counted =
      ZH_COUNTED.test(rest.slice(at + numeral.length)) ||
      rest.slice(0, at).endsWith('分之') ||
      rest.slice(0, at).endsWith('第');
    const single = numeral.length === 1 || /^[万亿千百]+$/u.test(numeral);
    if (strict && single && (numeral === '一' || !counted)) return numeral;
    const value = valueZh(numeral);
    if (value !== undefined) found.add(canonical(value));
    return numeral;
  });
  addEnglishNumbers(rest, strict, found);
  return found;
}

function scaleOf(word: string | undefined): number {
  if (!word) return 1;
  return UNIT_ZH[word] ?? MYRIAD_ZH[word] ?? SCALE_EN[word] ?? (word === 'k' ? 1e3 : 1e9);
}

const canonical = (value: number): string => String(Number(value.toPrecision(12)));

function valueZh(numeral: string): number | undefined {
  // 二〇二四: digits one after the other.
  if (/^[零〇一二三四五六七八九]{2,}$/u.test(numeral)) {
    return Number([...numeral].map((digit) => DIGIT_ZH[digit]).join(''));
  }
  let total = 0;
  let section = 0;
  let digit: number | undefined;
  for (const character of numeral) {
    const unit = UNIT_ZH[character];
    const myriad = MYRIAD_ZH[character];
    if (unit !== undefined) {
      section += (digit ?? 1) * unit;
      digit = undefined;
    } else if (myriad !== undefined) {
      // 一万亿 multiplies all before it, 一亿二千万 only what came after 亿.
      const below = section + (digit ?? 0);
      total = total < myriad ? (total + below || 1) * myriad : total + (below || 1) * myriad;
      section = 0;
      digit = undefined;
    } else digit = DIGIT_ZH[character];
  }
  return total + section + (digit ?? 0);
}

function addEnglishNumbers(text: string, strict: boolean, found: Set<string>): void {
  let value: number | undefined;
  let words = 0;
  const flush = () => {
    if (value !== undefined && !(strict && words === 1 && value === 1)) found.add(canonical(value));
    value = undefined;
    words = 0;
  };
  for (const [word] of text.matchAll(/[a-z]+|[^a-z\s-]/gu)) {
    const unit = WORDS_EN.get(word);
    const scale = SCALE_EN[word];
    if (unit !== undefined) {
      // "twenty five" goes on, "five six" are two numbers.
      if (value !== undefined && (value % 10 !== 0 || unit >= 10)) flush();
      value = (value ?? 0) + unit;
      words++;
    } else if (scale !== undefined && value !== undefined) {
      value *= scale;
      words++;
    } else if (word !== 'and') flush();
  }
  flush();
}

/** Capitalised words that are no names. */
const NOT_NAMES =
  /^(?:I|A|An|The|This|That|These|Those|It|They|We|You|He|She|In|On|At|For|If|And|But|Or|Not|No|Yes|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)$/u;
const MONTH_WORD = new RegExp(`^${MONTH_NAME}$`, 'iu');

/**
 * Names of a claim that its passage has to hold: capitalised words inside a sentence, words with capitals or
 * digits within (iPhone, GB45438), and in Chinese what stands in 《》「」『』 or quotation marks.
 * @returns them in lower case
 */
export function namesIn(text: string): string[] {
  const names = new Set<string>();
  for (const match of text.matchAll(/\p{L}[\p{L}\p{N}]*/gu)) {
    const word = match[0];
    if (!/^\p{Script=Latin}/u.test(word) || word.length < 2) continue;
    const inside = /\p{Lu}|\p{N}/u.test(word.slice(1));
    const capital = /^\p{Lu}/u.test(word) && !startsSentence(text, match.index, word.length);
    if ((inside || capital) && !NOT_NAMES.test(word) && !MONTH_WORD.test(word)) names.add(word.toLowerCase());
  }
  for (const match of toSimplified(text).matchAll(
    /《([^》]{1,40})》|「([^」]{1,40})」|『([^』]{1,40})』|“([^”]{1,40})”/gu,
  )) {
    names.add((match[1] ?? match[2] ?? match[3] ?? match[4])!.toLowerCase());
  }
  return [...names];
}

/** Where Chinese goes on, a word is a name and no beginning. */
function startsSentence(text: string, at: number, length: number): boolean {
  if (/^\s*\p{Script=Han}/u.test(text.slice(at + length))) return false;
  return /(?:^|[.!?:。！？：\n]["'“‘(（]?\s*|^["'“‘(（-]\s*)$/u.test(text.slice(0, at));
}

/** What looks like a negation and is none. */
const NOT_NEGATIVE =
  /\bnot only\b|\bno (?:later|less|fewer|more) than\b|\bno\.\s*\d|不仅|不但|不只|不论|无论|不管|不断|不少|非常|无线|无人机|不同|不久|未来|除非|不得不|不可避免/giu;
const NEGATIVE =
  /\b(?:not|no|never|none|neither|nor|without|cannot)\b|n['’]t\b|[不没無无未非勿莫]|禁止|并非/giu;

/** @returns whether a sentence denies: an odd number of negations, so that "not without" affirms */
export function denies(sentence: string): boolean {
  return (toSimplified(sentence).replace(NOT_NEGATIVE, ' ').match(NEGATIVE)?.length ?? 0) % 2 === 1;
}
