/** How a model may write that a passage carries what it said, beside the plain [1]. */
const OPENERS = '[【［';
const CLOSERS: Record<string, string> = { '[': ']', '【': '】', '［': '］' };
/** No mark is longer than this; what is longer is ordinary text in brackets. */
const LONGEST_MARK = 48;

/** Words that models put before the number: [source 2], [段落2]. */
const LABEL =
  /^(?:passages?|sources?|refs?|references?|documents?|docs?|citations?|段落|来源|文档|引用|资料|参考)\s*[:：#]?\s*/iu;
const NUMBERS = /^\^?\d{1,2}(?:\s*[-–~～至]\s*\d{1,2})?(?:\s*[,，、;；和&]\s*\d{1,2})*$/u;

/**
 * Passes a stream of text through, in which every citation is written as [n] afterwards: 【1】, [1, 2], [1-3],
 * [source 1] and [^1] are rewritten, and a citation of a passage that was not given is taken out together with the
 * space before it. A bracket that has not closed yet is held back, up to {@link LONGEST_MARK} characters.
 */
export class CitationStream {
  private held = '';

  /** @param given how many passages there were: [1] to [given] may be cited */
  constructor(private readonly given: number) {}

  /** @returns what is certain by now; often a little less than was put in */
  push(text: string): string {
    this.held += text;
    return this.release(false);
  }

  /** @returns the rest; a citation that was cut off in the middle is left out */
  end(): string {
    return this.release(true);
  }

  private release(last: boolean): string {
    let out = '';
    for (;;) {
      const open = indexOfAny(this.held, OPENERS);
      if (open < 0) {
        // The space before a mark goes with the mark, so the space at the end waits for what follows.
        const keep = last ? this.held.length : this.held.trimEnd().length;
        out += this.held.slice(0, keep);
        this.held = this.held.slice(keep);
        return out;
      }
      const before = this.held.slice(0, open);
      const rest = this.held.slice(open);
      const mark = readMark(rest);
      if (mark === 'open') {
        if (!last) {
          out += before.trimEnd();
          this.held = before.slice(before.trimEnd().length) + rest;
          return out;
        }
        this.held = '';
        return out + (/^[[【［]+\s*\^?[\d\s,，、-]*$/u.test(rest) ? before.trimEnd() : before + rest);
      }
      if (mark === undefined) {
        out += before + rest.charAt(0);
        this.held = rest.slice(1);
        continue;
      }
      const given = mark.numbers.filter((n) => n >= 1 && n <= this.given);
      out += (given.length > 0 ? before : before.trimEnd()) + given.map((n) => `[${n}]`).join('');
      this.held = rest.slice(mark.length);
    }
  }
}

/**
 * Reads a citation at the start of a text.
 * @returns its numbers and length; `open` where it may still become one; undefined where it is none
 */
function readMark(text: string): { numbers: number[]; length: number } | 'open' | undefined {
  const opener = text.charAt(0);
  // [[1]] and [[1](url)] are read as the brackets inside; the outer ones are ordinary text.
  const close = text.indexOf(CLOSERS[opener]!, 1);
  const nested = indexOfAny(text.slice(1), OPENERS);
  if (nested >= 0 && (close < 0 || nested + 1 < close)) return undefined;
  if (close < 0) return text.length < LONGEST_MARK && !text.includes('\n') ? 'open' : undefined;
  if (close >= LONGEST_MARK) return undefined;
  // 【1†source】 is how one family of models writes it.
  const inner = text.slice(1, close).normalize('NFKC').trim().replace(/†.*$/u, '').replace(LABEL, '').trim();
  if (!NUMBERS.test(inner)) return undefined;
  return { numbers: numbersOf(inner), length: close + 1 };
}

function numbersOf(inner: string): number[] {
  const numbers = new Set<number>();
  for (const part of inner.replace('^', '').split(/[,，、;；和&]/u)) {
    const [from, to] = part.split(/[-–~～至]/u).map(Number);
    for (let n = from!; n <= Math.min(to ?? from!, from! + 50); n++) numbers.add(n);
  }
  return [...numbers];
}

function indexOfAny(text: string, characters: string): number {
  for (let at = 0; at < text.length; at++) if (characters.includes(text.charAt(at))) return at;
  return -1;
}

/** Numbers in brackets that a source itself holds (an encyclopedia's notes): they would pass for citations. */
const SOURCE_MARKS = /\s?[[【［]\s*\^?\d{1,3}(?:\s*[,，、-]\s*\d{1,3})*\s*[\]】］]/gu;

/** @returns a source's text without its own numbers in brackets */
export function withoutMarks(text: string): string {
  return stripMarks(text).text;
}

/** A source's text without its own numbers in brackets, with the way back to the source. */
export interface StrippedText {
  text: string;
  /** @returns where a UTF-16 offset of `text` lies in the source */
  placeOf(offset: number): number;
}

/** @see withoutMarks */
export function stripMarks(source: string): StrippedText {
  const isWord = (character: string) => /[\p{L}\p{N}]/u.test(character);
  /** Where `text` goes on behind a mark, and by how much it lags behind the source there. */
  const cuts: { offset: number; lag: number }[] = [];
  let lag = 0;
  const text = source.replace(SOURCE_MARKS, (mark, at: number) => {
    const between = isWord(source.charAt(at - 1)) && isWord(source.charAt(at + mark.length)) ? ' ' : '';
    const offset = at - lag + between.length;
    lag += mark.length - between.length;
    cuts.push({ offset, lag });
    return between;
  });
  return { text, placeOf: (offset) => offset + (cuts.findLast((cut) => cut.offset <= offset)?.lag ?? 0) };
}
