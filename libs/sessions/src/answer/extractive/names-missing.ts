import type { Locale } from '@midplane/contracts';
import { distance } from 'fastest-levenshtein';
import { namesIn } from '../../citation/facts.js';
import { detectLanguage } from '../../text/language.js';
import { toSimplified } from '../../text/simplified.js';
import { contentWords } from '../../text/words.js';

/** From so many letters on, a name may be misspelt, or have another ending, by so many of them. */
const MISSPELT = [
  { from: 8, by: 2 },
  { from: 5, by: 1 },
];

/** A country, or a part of one, as it is written in either language. */
interface Region {
  en: string;
  zh: string;
}

/**
 * The share (0–1) of the names in a question that stand nowhere in some texts: who asks for Japan's allowance is not
 * answered by Germany's, however alike the rest is. Names are looked for only where the texts would write them as the
 * question does, and countries in Chinese texts by the question's own name or the other language's. Names in capitals
 * alone are left out: texts spell out what a question abbreviates (HR).
 * @param language of the texts
 * @returns 0 where there is no name to look for
 */
export function namesMissing(question: string, texts: readonly string[], language: Locale): number {
  const asked = plain(question);
  const asksZh = detectLanguage(question) === 'zh';
  const names = asksZh || language === 'en' ? latinNames(question) : [];
  const regions = language === 'zh' ? regionsIn(asked, asksZh) : [];
  if (names.length + regions.length === 0) return 0;
  const text = plain(texts.join('\n'));
  const words = new Set(text.match(/[\p{Script=Latin}\p{N}]+/gu) ?? []);
  // "Superbowl" of the Super Bowl.
  const joined = text.replace(/[^\p{L}\p{N}]+/gu, '');
  const missing =
    names.filter((name) => !joined.includes(name) && !isMisspelt(name, words)).length +
    regions.filter(({ en, zh }) => !text.includes(en) && !text.includes(zh)).length;
  return missing / (names.length + regions.length);
}

/** Without accents, in lower case, in Simplified characters. */
const plain = (text: string): string =>
  toSimplified(text.normalize('NFKD').replace(/\p{M}/gu, '')).toLowerCase();

function latinNames(question: string): string[] {
  // Who writes in capitals alone marks no names.
  if (!/\p{Ll}|\p{Script=Han}/u.test(question)) return [];
  return namesIn(question)
    .filter((name) => /^\p{Script=Latin}/u.test(name) && contentWords(name).length > 0)
    .filter((name) => /\p{N}/u.test(name) || !question.includes(name.toUpperCase()))
    .map(plain);
}

function isMisspelt(name: string, words: ReadonlySet<string>): boolean {
  const most = /\p{N}/u.test(name) ? 0 : (MISSPELT.find(({ from }) => name.length >= from)?.by ?? 0);
  return most > 0 && [...words].some((word) => word[0] === name[0] && distance(word, name) <= most);
}

let regions: Region[] | undefined;

function regionsIn(asked: string, asksZh: boolean): Region[] {
  const words = ` ${asked.replace(/[^\p{L}\p{N}]+/gu, ' ')} `;
  return (regions ??= allRegions()).filter(({ en, zh }) =>
    asksZh ? asked.includes(zh) : words.includes(` ${en} `),
  );
}

/** Every country and territory that ICU has names for in both languages. */
function allRegions(): Region[] {
  const [en, zh] = ['en', 'zh'].map(
    (locale) => new Intl.DisplayNames(locale, { type: 'region', fallback: 'none' }),
  ) as [Intl.DisplayNames, Intl.DisplayNames];
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  return letters.flatMap((a) =>
    letters.flatMap((b) => {
      const names = { en: en.of(a + b), zh: zh.of(a + b) };
      return names.en && names.zh ? [{ en: plain(names.en), zh: plain(names.zh) }] : [];
    }),
  );
}
