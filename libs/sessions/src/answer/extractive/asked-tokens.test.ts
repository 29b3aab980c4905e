import { describe, expect, it } from 'vitest';
import { askedTokens } from './asked-tokens.js';

/** Tokens of a question that is cut at each space, or after each character, weighing 1, 2, 3 … */
function tokensOf(question: string, parts: string[]) {
  let at = 0;
  const starts = parts.map((part) => {
    at = question.indexOf(part, at);
    return at;
  });
  return { starts, weights: parts.map((_, i) => i + 1) };
}

describe('askedTokens', () => {
  it('knows the words that ask, and what stands after them', () => {
    const question = 'In which city did the conference of the society meet?';
    const parts = question.slice(0, -1).split(' ');
    const { asking, beside } = askedTokens(question, tokensOf(question, parts));
    expect(parts.filter((_, i) => asking[i])).toEqual(['which']);
    expect(parts.filter((_, i) => beside[i])).toEqual(['city', 'did', 'the', 'conference']);
    expect(beside[2]).toBe(3);
  });

  it.each(['他现在的职务是什么？', '他現在的職務是什麼？'])(
    'looks to both sides in Chinese: %s',
    (question) => {
      const parts = [...question];
      const { asking, beside } = askedTokens(question, tokensOf(question, parts));
      expect(asking).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 1, 0]);
      expect(beside).toEqual([0, 2, 3, 4, 5, 6, 7, 0, 0, 10]);
    },
  );
});
