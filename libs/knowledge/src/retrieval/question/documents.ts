import { Converter } from 'opencc-js/cn2t';
import { distinctWords, wordsOf } from '../../lexical/index.js';

/** A document that a question names. */
export interface NamedDocument {
  /** As the question writes it. */
  value: string;
  /** Each word in the forms that it can have in a title; a title has to hold each word. */
  words: string[][];
  /** "the handbook": it stands for a document only where no other has that word. */
  vague: boolean;
}

/** In title marks, or quoted after a word that says that it is a document. */
const MARKED = [
  /《([^《》]{2,80})》/gu,
  /\b(?:in|of|from|per|according to|document|file)\s+(?:the\s+)?(?:document\s+|file\s+)?["“]([^"“”]{2,80})["”](?!\s+(?:section|chapter|heading))/giu,
  /\b(?:does|did)\s+["“]([^"“”]{2,80})["”]\s+(?:say|state|mention|require|cover|define|allow)\b/giu,
  /(?:文件|文档|文檔)[“「『"]([^”」』"]{2,80})[”」』"]/gu,
  /[“「『"]([^”」』"]{2,80})[”」』"](?:这份|這份|这个|這個)?(?:文件|文档|文檔)/gu,
];

const NOUN =
  '(?:policy|policies|handbook|manual|guide|guidelines?|report|contract|agreement|plan|procedures?|regulations?|standard|specification|datasheet|memo|brochure|white ?paper|(?:meeting|board) minutes|charter|proposal|presentation|spreadsheet|code of conduct|terms of (?:use|service)|statement of work)';
const WORD_BETWEEN =
  "(?!(?:in|on|of|at|for|to|from|by|with|under|per|and|or|the|an?|our|your|my|is|are|does|do|say|says|about)\\b)[\\p{L}\\p{N}&'’.-]+\\s+";
const NAME = `(?:the|our|your|my|this)\\s+((?:${WORD_BETWEEN}){0,5}?${NOUN})\\b`;
const ENGLISH = [
  new RegExp(`\\b(?:in|of|from|within|per|under|by|according to)\\s+${NAME}`, 'giu'),
  new RegExp(`\\b(?:does|did)\\s+${NAME}\\s+(?:say|state|mention|require|cover|define|allow)\\b`, 'giu'),
];

const CHINESE_NOUN =
  '(?:手册|手冊|制度|办法|辦法|规定|規定|政策|指南|合同|协议|協議|报告|報告|方案|规范|規範|标准|標準|说明书|說明書|章程|条例|條例|细则|細則|白皮书|白皮書|纪要|紀要|年报|年報)';
const CHINESE = new RegExp(
  `(?<=^|[，,。；;：:\\s的在按照据據]|请问|請問)((?!根据|根據|按照|依据|依據|依照|请问|請問)(?:\\d{4}年(?:\\d{1,2}月)?(?:度|版)?)?[[\\p{Script=Han}A-Za-z0-9]--[的在]]{2,16}?${CHINESE_NOUN})(?=里|裡|中(?!心)|内|內|上(?!限)|的?第|规定|規定|是?怎么规定|是?怎麼規定|对|對|提到)`,
  'gv',
);

/** Words that say what kind of thing a document is, and not which. */
const KIND = new RegExp(`^(?:${NOUN}|${CHINESE_NOUN}|document|file|company)$`, 'iu');
const YEAR = /^(?:19|20)\d{2}$/u;
/** 2024年, 2024年3月, 2024年度: when it is from, which is a filter of its own. */
const DATE_PREFIX = /^(?:19|20)\d{2}\s*年(?:\s*\d{1,2}\s*月)?(?:度|版)?/u;

/** @returns the documents that a question names, each once */
export function documentsIn(question: string): NamedDocument[] {
  const found = new Map<string, NamedDocument>();
  const add = (value: string, marked: boolean) => {
    const document = documentOf(value.trim(), marked);
    if (document && !found.has(document.value)) found.set(document.value, document);
  };
  for (const pattern of MARKED) for (const [, value] of question.matchAll(pattern)) add(value!, true);
  const rest = question.replace(/《[^》]*》|["“][^"”]*["”]/gu, ' ');
  for (const pattern of [...ENGLISH, CHINESE])
    for (const [, value] of rest.matchAll(pattern)) add(value!, false);
  return [...found.values()];
}

function documentOf(value: string, marked: boolean): NamedDocument | undefined {
  const bare = value.replace(DATE_PREFIX, '').replace(/^的/u, '');
  const words = /\p{Script=Han}/u.test(bare) ? chineseWords(bare) : englishWords(bare);
  if (words.length === 0) return undefined;
  const vague = !marked && words.every(([word]) => KIND.test(word!));
  return { value, words, vague };
}

const englishWords = (text: string): string[][] =>
  (text.toLowerCase().match(/[\p{L}\p{N}&-]+/gu) ?? [])
    .filter((word) => !YEAR.test(word) && !/^(?:the|a|an|of|for|and)$/u.test(word))
    .map((word) => [word]);

/** The words as jieba cuts them, without those within longer ones, each in both scripts. */
function chineseWords(text: string): string[][] {
  const cut = wordsOf(text);
  const whole = cut.filter(
    (word) =>
      !cut.some(
        (other) =>
          other.start <= word.start &&
          other.end >= word.end &&
          other.end - other.start > word.end - word.start,
      ),
  );
  return whole
    .filter(({ word }) => !YEAR.test(word))
    .map(({ word, start, end }) => [
      ...new Set([word, text.slice(start, end).toLowerCase(), toTraditional(word)]),
    ]);
}

let convert: ((text: string) => string) | undefined;
const toTraditional = (text: string): string => (convert ??= Converter({ from: 'cn', to: 'tw' }))(text);

/** @returns a title or a name as they are compared: half width, lower case, words parted by single spaces */
export function titleKey(title: string): string {
  return title
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s_.,;:()'"“”‘’《》「」—–-]+/gu, ' ')
    .trim();
}

/**
 * Of the documents whose titles hold all words of a name, those that are meant: where a title is the name, only
 * that; where titles hold it in one piece, only those.
 */
export function bestOf<D extends { title: string }>(name: NamedDocument, matching: D[]): D[] {
  const asked = compact(name.value);
  const exact = matching.filter(({ title }) => compact(withoutExtension(title)) === asked);
  if (exact.length > 0) return exact;
  const whole = matching.filter(({ title }) => compact(title).includes(asked));
  return whole.length > 0 ? whole : matching;
}

const compact = (text: string): string => distinctForm(titleKey(text).replaceAll(' ', ''));
/** Both scripts alike. */
const distinctForm = (text: string): string =>
  /\p{Script=Han}/u.test(text) ? distinctWords(text).join('') : text;
const withoutExtension = (title: string): string => title.replace(/\.[a-z0-9]{2,5}$/iu, '');
