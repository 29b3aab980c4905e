import { toSimplified } from '../text/simplified.js';
import { contentWords } from '../text/words.js';

/** What asks; not 几千年, 未来几年, 每隔几天, 没什么, 多大 of 大学, which only say how many or that there is none. */
const INTERROGATIVE =
  /(?<![没沒])什么(?!都|也)|怎么|怎样|如何|多少|多久|多长|多大(?!学)|多高|多远|谁|哪|(?<![\d十每隔来近这前后最去上下数好])几(?=[天年月次个位岁条项种级号届遍])(?!个月?[^，？?]*[中里内][，,])|吗|是否|能否|可否|为何|何[时种人处地]|是不是|有没有|能不能|可不可以|要不要/u;
/** Where a second question can begin: after the mark of the first, at a comma, or before 以及. */
const BETWEEN =
  /(?<=[？?])\s*(?=\S)|[；;]\s*(?:以及|并且|另外|还有|同时|此外|而且)?|[，,]\s*(?:以及|并且|另外|还有|同时|此外|而且|那么?|又|还)?|(?:以及|并且|另外|还有|同时|此外)(?=.*(?:什么|怎么|怎样|如何|多少|多久|谁|哪|几|吗|是否|能否|有没有))/gu;
/** 无论什么情况, 谁…谁, 之间: what looks like a question word asks nothing there, or both sides belong together. */
const NO_CUT = /无论|不论|不管|之间|区别|差别|相比|对比/u;
/** It goes on with the clause before it. */
const GOES_ON = /^(?:为(?!什么|何)|即|并(?!且)|而(?!且)|使|让|令|从而|因此|所以|直到|以便|来|其中)/u;
/** A clause that says when, where or on what condition; the question follows. */
const CONDITION = /(?:时|后|前|中|(?<!哪)里|上|下|以来|期间)$|^(?:在|从|到|于|自)(?:哪|什么|何)[^，,]{0,6}$/u;

/**
 * Cuts a Chinese question where a second question of its own begins. Each side has to ask: 如果离职，年假怎么算 is
 * one question, 年假有几天，怎么申请 is two.
 * @returns the pieces in order; the question as it is where there is only one
 */
export function chineseClauses(question: string): string[] {
  const simple = toSimplified(question);
  // Phrases can change their length with the script: then places don't hold.
  const plain = simple.length === question.length ? simple : question;
  const pieces: string[] = [];
  let from = 0;
  for (const match of plain.matchAll(BETWEEN)) {
    const end = match.index + match[0].length;
    const before = plain.slice(from, match.index);
    const next = clauseFrom(plain, end);
    if (!asks(before) || !asks(next)) continue;
    if (CONDITION.test(before) || GOES_ON.test(next) || quoteOpen(plain.slice(0, match.index))) continue;
    pieces.push(closed(question.slice(from, match.index).trim()));
    from = end;
  }
  pieces.push(question.slice(from).trim());
  return pieces;
}

const closed = (piece: string): string => (/[？?。！]$/u.test(piece) ? piece : `${piece}？`);

/** What follows, up to the next full stop: a comma within may part a condition from its question. */
const clauseFrom = (text: string, at: number): string => /^[^？?；;。]*/u.exec(text.slice(at))![0];

const QUOTED = /「[^」]*」|『[^』]*』|《[^》]*》|“[^”]*”/gu;

/** Whether a quotation or a title has begun and not ended: its marks are not the question's. */
const quoteOpen = (text: string): boolean => /[「『《“（(][^」』》”）)]*$/u.test(text);

/** Whether a clause asks something that can be searched. A sentence that has ended is whole. */
function asks(clause: string): boolean {
  if (!INTERROGATIVE.test(clause.replace(QUOTED, '')) || contentWords(clause).length === 0) return false;
  return /[？?]$/u.test(clause.trim()) || !NO_CUT.test(clause);
}
