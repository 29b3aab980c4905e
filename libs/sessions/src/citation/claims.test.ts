import { expect, it } from 'vitest';
import { claimsOf } from './claims.js';

it('gives each mark to the sentence before it', () => {
  expect(claimsOf('They get ten days. [1] Interns get five [2][3]. Nobody knows why.')).toEqual([
    { text: 'They get ten days.', cites: [1] },
    { text: 'Interns get five.', cites: [2, 3] },
    { text: 'Nobody knows why.', cites: [] },
  ]);
  expect(claimsOf('兼职员工十天。[1]实习生五天[2]。')).toEqual([
    { text: '兼职员工十天。', cites: [1] },
    { text: '实习生五天。', cites: [2] },
  ]);
});

it('names a passage once for a sentence', () => {
  expect(claimsOf('Ten days [1] a year [1].')).toEqual([{ text: 'Ten days a year.', cites: [1] }]);
});
