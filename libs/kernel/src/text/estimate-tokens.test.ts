import { expect, it } from 'vitest';
import { estimateTokens } from './estimate-tokens.js';

it('counts a character of Chinese, Japanese or Korean as a token, and three of other scripts', () => {
  expect(estimateTokens('')).toBe(0);
  expect(estimateTokens('annual leave')).toBe(4);
  expect(estimateTokens('年假，有几天？')).toBe(7);
  expect(estimateTokens('ゆうきゅう')).toBe(5);
  expect(estimateTokens('연차')).toBe(2);
  expect(estimateTokens('年假 a')).toBe(3);
});
