import { expect, it } from 'vitest';
import { shareOfHan } from './script.js';

it('tells the share of a text that is in Han characters', () => {
  expect(shareOfHan('年假有几天？')).toBe(1);
  expect(shareOfHan('How many days?')).toBe(0);
  expect(shareOfHan('2026-11-21')).toBe(0);
  expect(shareOfHan('用 JSON 格式')).toBeGreaterThan(0.5);
});
