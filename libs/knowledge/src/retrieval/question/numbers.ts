const DIGITS = '零一二三四五六七八九';
const ROMAN = [
  '',
  'i',
  'ii',
  'iii',
  'iv',
  'v',
  'vi',
  'vii',
  'viii',
  'ix',
  'x',
  'xi',
  'xii',
  'xiii',
  'xiv',
  'xv',
];
const ENGLISH = 'zero one two three four five six seven eight nine ten eleven twelve'.split(' ');

/** A whole number as text, in Chinese numerals up to 百, as regular expressions take it. */
export const NUMBER = '\\d{1,4}|[零〇一二两三四五六七八九十百]{1,6}';

/** @returns the number that digits, Chinese numerals (二十三), Roman ones or English words stand for, if any */
export function numberOf(text: string): number | undefined {
  if (/^\d{1,4}$/u.test(text)) return Number(text);
  const lower = text.toLowerCase();
  const word = ENGLISH.indexOf(lower);
  if (word > 0) return word;
  const roman = ROMAN.indexOf(lower);
  if (roman > 0) return roman;
  return chineseNumber(text);
}

function chineseNumber(text: string): number | undefined {
  const match =
    /^(?:([一二两三四五六七八九])百)?[零〇]?(?:([一二三四五六七八九])?(十))?([一二三四五六七八九])?$/u.exec(
      text,
    );
  if (!match || text === '') return undefined;
  const digit = (numeral: string | undefined) => (numeral === '两' ? 2 : DIGITS.indexOf(numeral ?? '零'));
  const [, hundreds, tens, ten, ones] = match;
  const value = digit(hundreds) * 100 + (ten ? (tens ? digit(tens) : 1) * 10 : 0) + digit(ones);
  return value > 0 ? value : undefined;
}

/** @returns how a number can stand in a heading: 3, 三, iii, three */
export function formsOf(number: number): string[] {
  const forms = [String(number), chineseFormOf(number), ROMAN[number], ENGLISH[number]];
  return forms.filter((form) => form !== undefined && form !== '') as string[];
}

function chineseFormOf(number: number): string | undefined {
  if (number < 1 || number > 99) return undefined;
  const tens = Math.floor(number / 10);
  const ones = number % 10;
  return `${tens > 1 ? DIGITS[tens] : ''}${tens > 0 ? '十' : ''}${ones > 0 ? DIGITS[ones] : ''}`;
}
