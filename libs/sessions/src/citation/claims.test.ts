import { expect, it } from 'vitest';
import { claimsOf } from './claims.js';

const claims = (text: string) => claimsOf(text).map(({ text, cites }) => ({ text, cites }));

it('gives each mark to the sentence before it', () => {
  expect(claims('They get ten days. [1] Interns get five [2][3]. Nobody knows why.')).toEqual([
    { text: 'They get ten days.', cites: [1] },
    { text: 'Interns get five.', cites: [2, 3] },
    { text: 'Nobody knows why.', cites: [] },
  ]);
  expect(claims('兼职员工十天。[1]实习生五天[2]。')).toEqual([
    { text: '兼职员工十天。', cites: [1] },
    { text: '实习生五天。', cites: [2] },
  ]);
});

it('names a passage once for a sentence', () => {
  expect(claims('Ten days [1] a year [1].')).toEqual([{ text: 'Ten days a year.', cites: [1] }]);
});

it('tells where the next sentence begins, behind the marks', () => {
  const text = 'They get ten days. [1] Interns get five [2][3]. 兼职没有。[4]';
  let from = 0;
  const pieces = claimsOf(text).map(({ end }) => text.slice(from, (from = end)));
  expect(pieces).toEqual(['They get ten days. [1] ', 'Interns get five [2][3]. ', '兼职没有。[4]']);
});
