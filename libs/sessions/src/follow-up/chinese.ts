import { toSimplified } from '../text/simplified.js';
import { contentWords } from '../text/words.js';
import type { Completion } from './rule.completer.js';

const OPENER =
  /^(?:(?:好的?|谢谢|明白了?|嗯|哦|那么|那(?!个|些|种|里|边|年|天|次|是|要|会|能)|还有|另外|而且?|但是?|可是|然后|所以|再问一?下|顺便问一?下)[，,、\s]*)+/u;
const INTERROGATIVE =
  /什么|怎么|怎样|如何|多少|多久|多长|多大|多高|多远|谁|哪|几|吗|是否|能否|可否|为何|何时|是不是|有没有|能不能|可不可以|要不要/u;
/** 对外包人员也适用吗: the same, asked of something else. */
const ALSO = /(?:也|同样)(?:是|都)?(?:一样|这样|如此|适用|可以|需要|享有|享受)/u;
/** A question of so many characters that says "also" does not say of what. */
const SHORT = 14;
const PERSON = /(?<!其)他们?|她们?/u;
const THING =
  /它们?|(?<![尤极与])其(?![他它中实余次间])|(?<![应不活就还也])该(?=[\p{Script=Han}])(?![如怎不做去用])|这(?:个|些|种|项|份|类|里|样|是|要|会|能|需|算|有|方面)|那(?:个|些|种|项|份|类|里|样)|此(?!外|时此)|上述|前者|后者/u;
const POSSESSIVE_PRONOUN = /^(?:它们?|其)/u;
/** What begins the part of a question that asks; what it is about stands before. */
const ASKING =
  /(?:的)?(?:是什么|是谁|是多少|是哪|有哪些|有什么|有多少|有几|是否|能否|可否|是不是|有没有|能不能|可不可以|要不要|什么|怎么|怎样|如何|为什么|为何|多少|多久|多长|多大|谁|哪|几|吗|可以|需要|应该|应当|必须|会|能|要|享有|享受|由)/u;
/** Nouns of something: 比分 of a game, 原因 of an event. */
const OF_SOMETHING =
  '(?:比分|结果|结局|原因|名字|名称|价格|费用|地址|面积|人口|地点|负责人|作者|冠军|区别|好处|缺点|目的|意义|影响|问题|步骤|目标)';
/** 最终比分是多少, 遇到的第一个问题是什么, 原因是什么: of what, the question before says. */
const RELATIONAL = new RegExp(
  `^(?:(?:遇到|出现|发生|得出|取得)的)?(?:第[一二三]个\\p{Script=Han}{1,4}|(?:(?:最终|最后|最主要|主要|唯一|其他|别|另外)的?)?${OF_SOMETHING})(?:是|有|为|在|怎么)`,
  'u',
);
/** 比之前高多少, 有没有更快的: compared with what was asked about before. */
const COMPARING =
  /^比.{1,8}(?:更|高|低|多|少|大|小|长|短|快|慢|贵|便宜|早|晚|好|差)|更\p{Script=Han}{1,3}的[吗呢]?[？?]?$/u;
/** 有多少个委员会, 1998年的是谁设计的, 又是谁…, 警察可以吗: the beginning of the sentence is left out. */
const BEGINNING_LEFT_OUT =
  /^(?:一共|总共|共|最早|最初|目前|现在)?有(?:多少|几)个?\p{Script=Han}{1,6}[？?]?$|^\d{4}年的[是由有]|^(?:又|还)(?:是|有)|^(?:什么时候|何时|哪一?年)\p{Script=Han}{2,7}[？?]?$|^\p{Script=Han}{1,6}(?:可以|能|行|算|需要|要)吗[？?]?$/u;
/** 之后有多少人逃离: after what was asked about before. */
const AFTER_IT = /^(?:之后|此后|后来|当时|那时|在此之前|之前|其后|随后|同年|次年)/u;
/** A question of so many characters that says this does not say about what. */
const LEFT_OUT = 16;
/** A property of the thing asked about: "它" then means the thing, not the property. */
const PROPERTY =
  /的(?:负责人|时间|价格|费用|地址|地点|规模|数量|名称|原因|目的|特点|优点|缺点|功能|用途|流程|步骤|要求|条件|标准|期限|有效期|上限|范围|内容|作者|创始人|总部|面积|人口|长度|高度|成本|版本|预算|周期)$/u;

/**
 * Completes a Chinese follow-up.
 * @param question as it was asked
 * @param earlier the question before, itself completed
 * @param answer to the question before; empty where there was none
 * @returns undefined where the question can be understood alone
 */
export function completeChinese(question: string, earlier: string, answer: string): Completion | undefined {
  const simple = toSimplified(question);
  const opener = OPENER.exec(simple)?.[0] ?? '';
  const body = question.slice(opener.length).trim();
  const plain = simple.slice(opener.length).trim();
  if (ALSO.test(plain) && plain.length <= SHORT) {
    return { text: `${subjectOf(earlier) ?? trimEnd(earlier)}，${body}`, fromAnswer: false };
  }
  const fragment = fragmentOf(body, plain, opener !== '');
  if (fragment !== undefined) return { text: putInto(earlier, fragment), fromAnswer: false };

  const person = PERSON.exec(plain);
  if (person && !hasOwnReferent(plain, person.index)) return replacePerson(body, plain, earlier, answer);
  const thing = THING.exec(plain);
  if (thing && !hasOwnReferent(plain, thing.index)) return replaceThing(body, plain, earlier);
  if (isElliptic(plain)) return { text: `${trimEnd(earlier)}？${body}`, fromAnswer: false };
  return undefined;
}

/** @returns what is asked about instead: 兼职员工 of "那兼职员工呢？" */
function fragmentOf(body: string, plain: string, opened: boolean): string | undefined {
  const bare = trimEnd(body);
  const end = /(?:又)?(?:呢|怎么样呢?|怎样呢?|如何呢?)$/u.exec(trimEnd(plain));
  const stem = (end ? bare.slice(0, end.index) : bare)
    .replace(/^(?:对于?|关于|如果是|要是|换成|换作|针对|至于|假如是)/u, '')
    .replace(/(?:的话|来说|而言)$/u, '');
  if (
    stem === '' ||
    INTERROGATIVE.test(toSimplified(stem)) ||
    THING.test(toSimplified(stem)) ||
    PERSON.test(toSimplified(stem))
  )
    return undefined;
  if (end) return end[0] === '呢' || opened || stem.length <= 8 ? stem : undefined;
  return opened && stem.length <= 10 ? stem : undefined;
}

/** Enough words before the pronoun name something in the question itself. */
function hasOwnReferent(plain: string, at: number): boolean {
  return contentWords(plain.slice(0, at)).length >= 3;
}

/** "为什么？", "需要多久？", "有例外吗？": it asks, and says hardly anything about what. */
function isElliptic(plain: string): boolean {
  if (AFTER_IT.test(plain)) return true;
  if (
    plain.length <= LEFT_OUT &&
    (RELATIONAL.test(plain) || COMPARING.test(plain) || BEGINNING_LEFT_OUT.test(plain))
  )
    return true;
  if (/^什么是|是(?:什么|谁)[？?]?$|^(?:介绍|说明|解释|请)/u.test(plain) && contentWords(plain).length > 0)
    return false;
  if (/[\p{Script=Latin}\d《“「]/u.test(plain)) return false;
  const rest = plain.replace(
    /为什么|什么时候|什么|怎么样?|怎样|如何|多少钱?|多久|多长时间|谁来?|哪些?|哪里|几|吗|呢|是否|能否|可以|需要|应该|要|能|会|有|是|去|来|办|做|的|了|还|也|都|最|向|找|给|用|在|由|才|算|别|其他|另外|具体|一般|通常|分别|到底|一[次下]|[？?！!。，,\s]/gu,
    '',
  );
  return [...rest].length <= 2;
}

/** Puts a fragment in the place of its counterpart in the earlier question, or behind it where it has none. */
function putInto(earlier: string, fragment: string): string {
  const span = counterpart(earlier, fragment);
  if (span) return earlier.slice(0, span.start) + fragment + earlier.slice(span.end);
  const preposition = /^(?:在|从|对|给|为|跟|和)/u.test(fragment);
  const subject = subjectSpan(earlier);
  // "申请报销需要哪些材料" and "差旅": nothing alike, so both are said.
  return subject && preposition ? `${fragment}，${earlier}` : `${trimEnd(earlier)}，${fragment}呢？`;
}

interface Span {
  start: number;
  end: number;
}

/** Where the earlier question has a word of the same kind: the same ending (员工), or a year for a year, a name for a name. */
function counterpart(earlier: string, fragment: string): Span | undefined {
  const text = toSimplified(earlier);
  const other = toSimplified(fragment);
  // Phrases can change their length with the script: then places don't hold.
  if (text.length !== earlier.length) return undefined;
  if (/^\d{4}年?$/u.test(other)) return spanOf(/\d{4}年?/u.exec(text));
  for (let length = Math.min(other.length, 8); length >= 2; length--) {
    const ending = other.slice(-length);
    const at = text.indexOf(ending);
    if (at < 0 || contentWords(ending).length === 0) continue;
    return { start: beginOf(text, at, Math.max(0, other.length - length) + 2), end: at + length };
  }
  if (/^[\p{Script=Latin}\d][\p{Script=Latin}\d .-]*$/u.test(other))
    return spanOf(/[\p{Script=Latin}][\p{Script=Latin}\d .-]*[\p{Script=Latin}\d]/u.exec(text));
  // 一线城市 and 二线城市 have met above; 上海 and 北京 share nothing but that they are places.
  if (/^在?[\p{Script=Han}]{2}$/u.test(other)) return place(text, other);
  return undefined;
}

const PLACES =
  /北京|上海|天津|重庆|广州|深圳|杭州|南京|苏州|成都|武汉|西安|长沙|郑州|青岛|济南|大连|沈阳|厦门|福州|合肥|昆明|海南|香港|澳门|台湾|台北|中国|美国|英国|法国|德国|日本|韩国|印度|俄国|欧洲|亚洲|国内|国外|境内|境外/u;

function place(text: string, fragment: string): Span | undefined {
  return PLACES.test(fragment) ? spanOf(PLACES.exec(text)) : undefined;
}

/** Walks back over what describes the word: 全职 before 员工; not over particles, verbs and marks. */
function beginOf(text: string, at: number, most: number): number {
  let begin = at;
  while (
    begin > 0 &&
    at - begin < most &&
    /[\p{Script=Han}\p{Script=Latin}\d]/u.test(text.charAt(begin - 1)) &&
    !/[的在对给为是有和与及或把被从到向每请问了个享由需要申领]/u.test(text.charAt(begin - 1))
  )
    begin--;
  // IPCC现任主席: not in the midst of a name.
  const name = begin > 0 && /[\p{Script=Latin}\d]/u.test(text.charAt(begin - 1));
  while (name && begin < at && /[\p{Script=Latin}\d]/u.test(text.charAt(begin))) begin++;
  return begin;
}

function replacePerson(body: string, plain: string, earlier: string, answer: string): Completion {
  const asked = /谁|哪位/u.test(toSimplified(earlier));
  const name = asked ? personIn(answer, earlier) : undefined;
  const subject = name ?? (asked ? undefined : subjectOf(earlier));
  if (!subject) return { text: `${trimEnd(earlier)}？${body}`, fromAnswer: false };
  return { text: replaceFirst(body, plain, PERSON, subject), fromAnswer: name !== undefined };
}

/** @returns the name of a person whom an answer tells of: 由李明担任, 负责人是李明, 李明于…… */
function personIn(answer: string, known: string): string | undefined {
  for (const match of answer.matchAll(
    /(?:是|由|为|叫|：)\s*([\p{Script=Han}·]{2,12}?)(?=[，。、；（(\s[]|担任|负责|创立|创办|撰写|兼任|于|$)|([A-Z][a-z]+(?:\s[A-Z][a-z]+)+)/gu,
  )) {
    const name = match[1] ?? match[2]!;
    if (name.length <= 5 || /[·a-z]/u.test(name)) if (!known.includes(name)) return name;
  }
  return undefined;
}

function replaceThing(body: string, plain: string, earlier: string): Completion {
  const pronoun = THING.exec(plain)![0];
  const subject = subjectOf(earlier);
  if (!subject) return { text: `${trimEnd(earlier)}？${body}`, fromAnswer: false };
  const owner = POSSESSIVE_PRONOUN.test(pronoun) ? subject.replace(PROPERTY, '') : subject;
  if (POSSESSIVE_PRONOUN.test(pronoun)) {
    const possessive = pronoun === '其' ? `${owner}的` : owner;
    return { text: replaceFirst(body, plain, THING, possessive), fromAnswer: false };
  }
  // 这个流程, 该制度: the noun after the pronoun stays; 这是, 这要, 那里 are the subject themselves.
  return { text: `${owner}，${body}`, fromAnswer: false };
}

function replaceFirst(body: string, plain: string, pattern: RegExp, by: string): string {
  const match = pattern.exec(plain)!;
  if (plain.length !== body.length) return `${by}，${body}`;
  return body.slice(0, match.index) + by + body.slice(match.index + match[0].length);
}

/** @returns what a question is about: what it names in quotes or Latin letters, else what stands before the asking */
function subjectOf(question: string): string | undefined {
  const quoted = /[《“「][^》”」]{1,40}[》”」]/u.exec(question)?.[0];
  if (quoted) return quoted;
  const span = subjectSpan(question);
  const subject = span && question.slice(span.start, span.end);
  if (subject && contentWords(subject).length > 0) return subject;
  const rest = trimEnd(question).replace(/^.*?(?:什么是|谁是|介绍一?下?|说明一?下?|解释一?下?)/u, '');
  return rest !== trimEnd(question) && rest.length > 0 ? rest : undefined;
}

function subjectSpan(question: string): Span | undefined {
  const plain = toSimplified(question);
  if (plain.length !== question.length) return undefined;
  const start = /^(?:请问|请教|想问一?下?|我想知道|我们?公司的?|[，,\s])*/u.exec(plain)![0].length;
  const asking = ASKING.exec(plain.slice(start));
  if (!asking || asking.index === 0) return undefined;
  return { start, end: start + asking.index };
}

const trimEnd = (text: string): string => text.replace(/[？?！!。.\s]+$/u, '');

function spanOf(match: RegExpExecArray | null): Span | undefined {
  return match ? { start: match.index, end: match.index + match[0].length } : undefined;
}
