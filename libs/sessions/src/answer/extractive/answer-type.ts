import { namesIn, numbersIn } from '../../citation/facts.js';
import { normalized } from '../../text/simplified.js';

/** What a question asks for, as far as it shows in the sentence that answers. */
export type AnswerType = 'who' | 'when' | 'where' | 'howMany' | 'why' | 'how' | 'other';

/** The first that matches counts: "how many" before "how", 什么时候 before 什么. */
const ASKED: readonly (readonly [AnswerType, RegExp])[] = [
  [
    'why',
    /\bwhy\b|\bfor what reason|\bwhat (?:is|was|were|are) the (?:reason|cause)|为什么|为何|为啥|何故|原因/iu,
  ],
  [
    'when',
    /\bwhen\b|\b(?:what|which|in what) (?:year|date|day|month|time|century|decade)\b|什么时候|何时|哪一?[年天日月]|几[月号]|哪个(?:年|世纪|朝代)|时间是/iu,
  ],
  [
    'howMany',
    /\bhow (?:many|much|long|old|far|large|big|tall|high|often|deep|fast)\b|\bwhat (?:percentage|number|amount|proportion|share|population|size|age)\b|多少|多[大长高久远深快重宽]|几[个名位次年天日岁种条人层倍成所家]|百分之几|比例|人口|数量|面积/iu,
  ],
  [
    'where',
    /\bwhere\b|\b(?:what|which) (?:city|country|state|place|county|region|town|continent|river)\b|哪里|哪儿|何处|何地|哪[个座]?(?:城市|国家|省|地方|地区|州|县|市|岛)|位于|地点/iu,
  ],
  [
    'who',
    /\bwho(?:m|se)?\b|\bwhat (?:person|is the name of the (?:person|man|woman))|谁|哪[位一]?[个位名]?(?:人|作家|科学家|演员|导演|皇帝|总统|将军)|何人|哪位/iu,
  ],
  ['how', /\bhow\b|怎么|怎样|如何|怎麼/iu],
];

/** What a sentence of each type tends to hold. */
const SHOWN_WHEN =
  /\b1\d{3}\b|\b20\d{2}\b|\b(?:january|february|march|april|may|june|july|august|september|october|november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|century|decade|year|years|day|days|week|month)s?\b|\d+\s*[年月日号]|世纪|年代|[一二三四五六七八九十]+[年月日]|时期|时代|朝/iu;
const SHOWN_WHERE =
  /\b(?:in|at|near|from|to|of|on)\s+(?:the\s+)?\p{Lu}|位于|坐落|在[^，。]{1,12}[省市县区国州镇村路街山河湖岛]|[\p{Script=Han}]{1,8}(?:省|市|县|区|国|州|镇|村|路|街|岛|大学|半岛|地区)/u;
const SHOWN_WHY =
  /\b(?:because|since|due to|as a result|so that|in order to|therefore|owing to|thanks to|caused?|led to|reasons?)\b|因为|由于|因此|所以|因而|导致|原因|为了|使得|以便|故/iu;
const SHOWN_HOW = /\b(?:by|through|using|via|with|means of)\b|通过|利用|采用|以[^为]|用|经由|依靠|凭/iu;
/** Chinese names of persons: what is written with a dot, or a usual family name before one or two characters. */
const CHINESE_PERSON =
  /[\p{Script=Han}]{1,6}[·‧・][\p{Script=Han}]{1,8}|(?<!\p{Script=Han}[\u4e00-\u9fff])[王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文]\p{Script=Han}{1,2}|先生|女士|教授|博士|总统|国王|皇帝|主席|将军|导演|作家/u;

/** @returns what a question asks for */
export function answerTypeOf(question: string): AnswerType {
  const text = normalized(question);
  return ASKED.find(([, pattern]) => pattern.test(text))?.[0] ?? 'other';
}

/** What of a question is known before its sentences are looked at. */
export interface Expectation {
  type: AnswerType;
  numbers: ReadonlySet<string>;
  names: ReadonlySet<string>;
}

/** @returns what the answer to a question should show, and what the question holds already */
export function expectationOf(question: string): Expectation {
  return {
    type: answerTypeOf(question),
    numbers: numbersIn(question, false),
    names: new Set(namesIn(question)),
  };
}

/** @returns whether a sentence holds what the question asks for, beyond what the question holds itself */
export function showsExpected(sentence: string, { type, numbers, names }: Expectation): boolean {
  const text = normalized(sentence);
  const newNumber = () => [...numbersIn(sentence, false)].some((number) => !numbers.has(number));
  switch (type) {
    case 'who':
      return namesIn(sentence).some((name) => !names.has(name)) || CHINESE_PERSON.test(text);
    case 'when':
      return SHOWN_WHEN.test(text) && newNumber();
    case 'howMany':
      return newNumber();
    case 'where':
      return SHOWN_WHERE.test(text);
    case 'why':
      return SHOWN_WHY.test(text);
    case 'how':
      return SHOWN_HOW.test(text);
    case 'other':
      return true;
  }
}
