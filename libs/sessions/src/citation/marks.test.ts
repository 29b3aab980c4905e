import { describe, expect, it } from 'vitest';
import { CitationStream, stripMarks, withoutMarks } from './marks.js';

/** Every way to cut a text in two, and character by character. */
function everyWay(text: string, given: number): Set<string> {
  const results = new Set<string>();
  const feed = (pieces: string[]) => {
    const stream = new CitationStream(given);
    results.add(pieces.map((piece) => stream.push(piece)).join('') + stream.end());
  };
  for (let at = 0; at <= text.length; at++) feed([text.slice(0, at), text.slice(at)]);
  feed(text.split(''));
  return results;
}

describe('CitationStream', () => {
  it.each([
    ['Ten days [1].', 'Ten days [1].'],
    ['Ten days 【1】。', 'Ten days [1]。'],
    ['十天［２］。', '十天[2]。'],
    ['Ten days [1][2].', 'Ten days [1][2].'],
    ['Ten days [1, 2].', 'Ten days [1][2].'],
    ['十天【1、3】', '十天[1][3]'],
    ['Ten days [1-3].', 'Ten days [1][2][3].'],
    ['Ten days [source 2].', 'Ten days [2].'],
    ['十天[来源1]', '十天[1]'],
    ['Ten days 【1†source】.', 'Ten days [1].'],
    ['Ten days [^1].', 'Ten days [1].'],
    ['Ten days [9].', 'Ten days.'],
    ['Ten days [1, 9].', 'Ten days [1].'],
    ['Ten days [0].', 'Ten days.'],
    ['Ten days [sic] and [2024].', 'Ten days [sic] and [2024].'],
    ['See [the handbook](https://example.com).', 'See [the handbook](https://example.com).'],
    ['Ten days [1', 'Ten days'],
    ['Ten days [', 'Ten days'],
    ['An open [bracket', 'An open [bracket'],
    ['[[1]]', '[[1]]'],
    ['a\n\n[1] b', 'a\n\n[1] b'],
  ])('%s', (text, expected) => expect(everyWay(text, 3)).toEqual(new Set([expected])));

  it('holds back no more than a mark can be long', () => {
    const stream = new CitationStream(3);
    const text = `[${'x'.repeat(60)}`;
    expect(stream.push(text)).toBe(text);
  });
});

describe('withoutMarks', () => {
  it("takes out a source's own numbers in brackets", () => {
    expect(withoutMarks('It was founded in 1998.[12][13] In 2004 [a] it moved.')).toBe(
      'It was founded in 1998. In 2004 [a] it moved.',
    );
  });

  it('knows where each character of what is left stood', () => {
    const source = 'A[1]b c [2] d。[3][4]中文[5]，end';
    const { text, placeOf } = stripMarks(source);
    expect(text).toBe(withoutMarks(source));
    for (let at = 0; at < text.length; at++) if (text[at] !== ' ') expect(source[placeOf(at)]).toBe(text[at]);
  });
});
