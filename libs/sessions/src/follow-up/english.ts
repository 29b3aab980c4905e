import { contentWords } from '../text/words.js';
import type { Completion } from './rule.completer.js';

const OPENER = /^(?:(?:ok(?:ay)?|thanks|thank you|right|well|hm+|and|but|so|also|then|now)[\s,]+)*/iu;
const FRAGMENT =
  /^(?:what about|how about|what of|and what about|same for|is it the same for|does (?:that|this|it) also (?:apply|hold) (?:to|for)|the same (?:question )?for)\s+(.+)$/iu;
const QUESTION_WORD = /^(?:what|who|whom|whose|which|when|where|why|how)\b/iu;
const AUXILIARY =
  /^(?:is|are|was|were|do|does|did|can|could|will|would|should|shall|may|might|must|has|have|had)\b/iu;
const PREPOSITION =
  /^(?:for|in|at|on|with|without|by|after|before|during|to|from|of|since|until|under|over|through|within|outside)\b/iu;
const PREPOSITION_BEFORE = new RegExp(
  `\\b${PREPOSITION.source.slice(1)}\\s+(?:the |a |an |our |my )?$`,
  'iu',
);
/** Words that begin or end a phrase: it does not reach across them. */
const BOUNDARY = new Set(
  (
    'a an the of in on at to for from by with without about as into than and or but if is are was were be been do does ' +
    'did has have had will would can could should may might must who whom whose which what when where why how many ' +
    'much long often get gets got receive receives apply applies take takes need needs last lasts cost costs use uses ' +
    'work works our my your their its his her any all each every per during after before between under over not no'
  ).split(' '),
);

const PERSON = /\b(?:he|him|his|she|her|hers)\b/iu;
const THING = /\b(?:it|its|itself|they|them|their|theirs|themselves)\b/iu;
const DEMONSTRATIVE =
  /\b(?:this|these|those)\b|\b(?:that|there)(?=\s*(?:\?|$))|(?<=\b(?:is|was|does|did|do|can|could|will|would|should|of|for|about|to|with|from|on|in|at|by|than|after|before|doing|do)\s)that(?=\s)|\bwhich one\b|\b(?:the (?:same|former|latter|other|others|first one|second one|last one)|such an?|that one|the one|ones)\b/iu;
/** "the final score", "the name" at the end: of what, the question before says. */
const RELATIONAL =
  /\bthe (?:first|second|third|last|final|next|main|only|exact|total|overall|biggest|other)?\s*(?:names?|scores?|results?|outcome|reasons?|causes?|prices?|costs?|fees?|dates?|deadline|problems?|winners?|losers?|authors?|owners?|population|area|size|height|length|width|weight|distance|speed|title|meaning|purpose|goals?|aims?|effects?|consequences?|differences?|exceptions?|alternatives?|rest|beginning|end|founders?|leaders?|members?|address|location|budget|duration|limit|maximum|minimum)\s*(?:\?|$)/iu;
/** "How many boards are there?": where, the question before says. */
const EXISTENTIAL = /^how (?:many|much)\b.*\b(?:is|are|was|were) there\s*(?:\?|$)/iu;
/** "Can contractors apply too?": the same, asked of something else. */
const ALSO_TOO = /\b(?:too|as well|either)\s*(?:\?|$)/iu;
/** "which fighter pilot": a new one of what was asked for, and nothing about it. */
const ASKED_FOR = /^(?:which|what|whose)\s+(?=\p{L})/iu;
/** "What kind of trees line it?": an object is never what the subject of its own clause is. */
const OBJECT_AT_END = /\b(?:it|them|him)\s*[?.!]*$/iu;
/** What begins a clause within a question. */
const CLAUSES =
  /\b(?:when|if|that|before|after|while|because|who|which|and|once|unless|until|to|so)\b(?<!^\w+)/iu;
/** "It" that stands for nothing. */
const EXPLETIVE =
  /\b(?:is|was|would|will|isn['’]t|can) it (?:be )?(?:possible|true|necessary|allowed|ok|okay|legal|permitted|required|mandatory|better|safe|worth)\b|\bhow long does it take (?:to|for)\b|\bwhat time is it\b/iu;

/**
 * Completes an English follow-up.
 * @param question as it was asked
 * @param earlier the question before, itself completed
 * @param answer to the question before; empty where there was none
 * @returns undefined where the question can be understood alone
 */
export function completeEnglish(question: string, earlier: string, answer: string): Completion | undefined {
  const opener = OPENER.exec(question)![0];
  const body = question.slice(opener.length).trim();
  const fragment = fragmentOf(body, opener !== '');
  if (fragment !== undefined) return { text: putInto(earlier, fragment), fromAnswer: false };

  const other = otherAskedFor(body, earlier);
  if (other !== undefined) return { text: other, fromAnswer: false };

  const bare = body.replace(EXPLETIVE, ' ');
  if (PERSON.test(bare) && !hasOwnReferent(body, PERSON)) return replacePerson(body, earlier, answer);
  if (THING.test(bare) && !hasOwnReferent(body, THING)) return replaceThing(body, earlier, answer);
  if (DEMONSTRATIVE.test(bare) || isElliptic(body) || goesOn(opener, body)) {
    return { text: `${asStatement(earlier)}: ${body}`, fromAnswer: false };
  }
  return undefined;
}

/** @returns what is asked about instead ("part-time staff"), where the question is no sentence of its own */
function fragmentOf(body: string, opened: boolean): string | undefined {
  const bare = body.replace(/[?.!\s]+$/u, '');
  const named = FRAGMENT.exec(bare)?.[1];
  if (named !== undefined) return named;
  // "in which year was it built" is a sentence, "in 2024" is not.
  if (QUESTION_WORD.test(bare.replace(PREPOSITION, '').trim()) || AUXILIARY.test(bare)) return undefined;
  const short = bare.split(/\s+/u).length <= 8;
  return short && (opened || PREPOSITION.test(bare)) ? bare : undefined;
}

/** "Which German poet was a Huguenot?" – "And which fighter pilot?": the new in the place of what was asked for. */
function otherAskedFor(body: string, earlier: string): string | undefined {
  const bare = body.replace(/[?.!\s]+$/u, '');
  if (!ASKED_FOR.test(bare) || !ASKED_FOR.test(earlier)) return undefined;
  const asked = tokens(bare).slice(1);
  if (asked.length > 4 || asked.some(({ text }) => BOUNDARY.has(text.toLowerCase()))) return undefined;
  const verb = tokens(earlier)
    .slice(2)
    .find(({ text }) => BOUNDARY.has(text.toLowerCase()));
  return verb && `${bare} ${earlier.slice(verb.start)}`;
}

/** "And who did the sign language?": it goes on with what was asked about. */
function goesOn(opener: string, body: string): boolean {
  return /\b(?:and|but|so|then)\b/iu.test(opener) && contentWords(body).length <= 3;
}

/** A pronoun that follows a name or noun of its own question points to that. */
function hasOwnReferent(question: string, pronoun: RegExp): boolean {
  if (OBJECT_AT_END.test(question) && !CLAUSES.test(question)) return false;
  const at = question.search(pronoun);
  const before = question.slice(0, at).replace(QUESTION_WORD, '').replace(AUXILIARY, '');
  return contentWords(before).length >= 2 || /\s\p{Lu}\p{L}+/u.test(` ${before}`);
}

/** "Why?", "Since when?", "Who approves?", "Any exceptions?": hardly any words of its own. */
function isElliptic(body: string): boolean {
  const words = contentWords(body);
  if (words.length === 0 || EXISTENTIAL.test(body)) return true;
  const named = /\s["“'‘]?\p{Lu}/u.test(body) || /\d/u.test(body);
  if (!named && words.length <= 4 && (RELATIONAL.test(body) || ALSO_TOO.test(body))) return true;
  if (
    /^(?:what|who|where)(?:\s+(?:is|are|was|were)|['’]s)\s/iu.test(body) ||
    /^(?:define|explain|describe)\b/iu.test(body)
  )
    return false;
  if (words.length === 1 && !named) return true;
  return (
    words.length === 2 &&
    !named &&
    /^(?:any|who else|what else|anything else|is there|are there|since when|until when|how come)\b/iu.test(
      body,
    )
  );
}

/** Puts a fragment in the place of its counterpart in the earlier question, or behind it where it has none. */
function putInto(earlier: string, fragment: string): string {
  const bare = earlier.replace(/[?.!\s]+$/u, '');
  const preposition = PREPOSITION.exec(fragment)?.[0];
  const phrase = preposition ? fragment.slice(preposition.length).trim() : fragment;
  const span = counterpart(bare, phrase.replace(/^(?:the|a|an|our|my)\s+/iu, ''));
  const old = span && preposition ? PREPOSITION_BEFORE.exec(bare.slice(0, span.start)) : null;
  // "during probation" gives way to "after probation" as a whole.
  if (span && old) return `${bare.slice(0, old.index)}${fragment}${bare.slice(span.end)}?`;
  const article = span && /\b(?:the|a|an|our|my)\s$/iu.test(bare.slice(0, span.start));
  const put = article ? phrase.replace(/^(?:the|a|an|our|my)\s+/iu, '') : phrase;
  if (span) return `${bare.slice(0, span.start)}${put}${bare.slice(span.end)}?`;
  return `${bare} ${preposition ? fragment : `for ${fragment}`}?`;
}

interface Span {
  start: number;
  end: number;
}

/** Where the earlier question has a phrase of the same kind: the same last word, or a year for a year, a name for a name. */
function counterpart(earlier: string, phrase: string): Span | undefined {
  const words = tokens(earlier);
  const heads = tokens(phrase);
  const head = heads.at(-1);
  if (!head) return undefined;
  const sameHead = words.findLastIndex((word) => sameWord(word.text, head.text));
  if (sameHead >= 0) {
    let first = sameHead;
    // As many words before the last one as the new phrase has: "travel requests" for "purchase requests".
    const most = Math.max(1, heads.length - 1);
    while (sameHead - first < most && first > 0 && isModifier(words[first - 1]!, words[first]!, earlier))
      first--;
    return { start: words[first]!.start, end: words[sameHead]!.end };
  }
  if (/^\d{4}$/u.test(phrase)) return spanOf(/\b(?:19|20)\d{2}\b/u.exec(earlier));
  if (/^\p{Lu}/u.test(phrase))
    return spanOf(/(?<=\s)\p{Lu}[\p{L}\p{N}&.-]*(?:\s+\p{Lu}[\p{L}\p{N}&.-]*)*/u.exec(earlier));
  return undefined;
}

/** "full-time" before "staff": next to it, and no word that ends a phrase. */
function isModifier(word: Token, next: Token, text: string): boolean {
  return !BOUNDARY.has(word.text.toLowerCase()) && /^[\s-]+$/u.test(text.slice(word.end, next.start));
}

function replacePerson(body: string, earlier: string, answer: string): Completion {
  const asked = nameIn(earlier);
  // Who was asked for stands in the answer; who was asked about stands in the question.
  const answered = /\bwho\b/iu.test(earlier) ? nameIn(answer, earlier) : undefined;
  const name = answered ?? asked;
  if (!name) return { text: `${asStatement(earlier)}: ${body}`, fromAnswer: false };
  return { text: withReferent(body, name), fromAnswer: answered !== undefined };
}

function replaceThing(body: string, earlier: string, answer: string): Completion {
  // "Which documents are needed for a visa?" – "Where do I submit them?": what was asked for, not what it was for.
  const askedFor = /^(?:which|what)\s+(?!is\b|are\b|was\b|were\b|do\b|does\b|did\b)\p{L}+s\b/iu.test(earlier);
  const plural = /\b(?:they|them|theirs?)\b/iu.test(body);
  const two = plural && TWO_NAMES.exec(earlier)?.[0];
  if (two) return { text: withReferent(body, two), fromAnswer: false };
  // "Which city has the most people?" – "Which county is it in?": the city that the answer names.
  const answered = !plural && ASKED_FOR_THING.test(earlier) ? nameIn(answer, earlier) : undefined;
  if (answered) return { text: withReferent(body, answered), fromAnswer: true };
  const subject = askedFor && plural ? undefined : subjectOf(earlier);
  const text = subject ? withReferent(body, subject) : `${asStatement(earlier)}: ${body}`;
  return { text, fromAnswer: false };
}

/** Two of a kind, but not the end of a list, nor where something goes. */
const TWO_NAMES =
  /(?<!,\s|\b(?:to|in|from|of|at)\s)\b\p{Lu}[\p{L}.'’-]+(?:\s\p{Lu}[\p{L}.'’-]+)*\sand\s\p{Lu}[\p{L}.'’-]+(?:\s\p{Lu}[\p{L}.'’-]+)*/u;
const ASKED_FOR_THING =
  /^(?:which|what)\s+(?:city|town|village|country|state|county|region|island|river|mountain|company|organi[sz]ation|university|school|project|product|system|department|office|law|act|edict|policy|building|bridge|book|film|song|hymn|ship|hurricane|storm|war|battle|team|band)\b/iu;

/** Puts a name where its pronouns are; the first time only, then the pronoun is clear. */
function withReferent(body: string, referent: string): string {
  let done = false;
  return body.replace(
    /\b(its|their|theirs|his|hers|her(?=\s+\p{L})|it|they|them|he|him|she|her)\b/giu,
    (pronoun) => {
      if (done) return pronoun;
      done = true;
      const owner =
        /^(?:its|theirs?|his|hers)$/iu.test(pronoun) ||
        (/^her$/iu.test(pronoun) &&
          new RegExp(`\\b${pronoun}\\s+(?!join|work|report|start|leave|live|move)\\p{L}`, 'iu').test(body));
      return owner ? `${referent}${/s$/iu.test(referent) ? '’' : '’s'}` : referent;
    },
  );
}

/** @returns what a question is about: what it quotes or names, else its longest phrase */
function subjectOf(question: string): string | undefined {
  const quoted = /["“]([^"”]{2,60})["”]/u.exec(question)?.[1];
  if (quoted) return quoted;
  // "How many days of leave": what is counted, not what counts it.
  const definite = phrases(question.replace(/^how (?:many|much)\s+\p{L}+\s+of\s+/iu, ''));
  const name = nameIn(question);
  // "did Luther write": the name alone, without the verb that follows it.
  if (name && new RegExp(`\\b(?:do|does|did)\\s+${escaped(name)}\\b`, 'iu').test(question)) return name;
  if (name) return definite.find((phrase) => phrase.includes(name)) ?? name;
  return definite.sort((a, b) => contentWords(b).length - contentWords(a).length)[0];
}

/** "the canal opened", of "When was the canal opened?": the last word is the question's verb. */
const PARTICIPLE = /\s+(?:\p{Ll}+ed|built|made|born|held|written|known|found|sold|paid|begun|run)$/u;

/** Runs of words between boundaries, with the article before them; what follows the question's verb at its end is left out. */
function phrases(question: string): string[] {
  const found: string[] = [];
  const words = tokens(question.replace(/[?.!\s]+$/u, ''));
  let run: Token[] = [];
  const flush = () => {
    if (run.length > 0) {
      const article = /\b(?:the|our|my)\s$/iu.exec(question.slice(0, run[0]!.start))?.[0] ?? '';
      found.push(
        article.toLowerCase().replace(/^(?:my|our)/u, 'the') + question.slice(run[0]!.start, run.at(-1)!.end),
      );
    }
    run = [];
  };
  for (const word of words) {
    if (BOUNDARY.has(word.text.toLowerCase())) flush();
    else run.push(word);
  }
  flush();
  return found
    .map((phrase) => phrase.replace(PARTICIPLE, ''))
    .filter((phrase) => contentWords(phrase).length > 0);
}

/** @returns the first name in a text that `known` does not hold */
function nameIn(text: string, known = ''): string | undefined {
  for (const [name] of text.matchAll(/\p{Lu}[\p{L}\p{N}&’'-]*(?:\s+\p{Lu}[\p{L}\p{N}&’'-]*)*/gu)) {
    const bare = name
      .replace(
        /^(?:The|A|An|What|Who|Whom|Whose|Which|When|Where|Why|How|Is|Are|Was|Were|Do|Does|Did|Can|Could|Will|Would|Should|May|In|On|At|For|If|And|But|It|They|He|She)(?:\s+|$)/u,
        '',
      )
      .replace(/['’]s$/u, '');
    if (bare.length > 1 && !known.includes(bare)) return bare;
  }
  return undefined;
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&');

const asStatement = (question: string): string => question.replace(/[?!.\s]+$/u, '');

interface Token extends Span {
  text: string;
}

function tokens(text: string): Token[] {
  return [...text.matchAll(/[\p{L}\p{N}][\p{L}\p{N}'’&.-]*(?<![.])/gu)].map((match) => ({
    text: match[0],
    start: match.index,
    end: match.index + match[0].length,
  }));
}

function sameWord(a: string, b: string): boolean {
  const [x] = contentWords(a).slice(-1);
  const [y] = contentWords(b).slice(-1);
  return x !== undefined && x === y;
}

function spanOf(match: RegExpExecArray | null): Span | undefined {
  return match ? { start: match.index, end: match.index + match[0].length } : undefined;
}
