import { expect, it } from 'vitest';
import { localeOf } from './locale.js';

it.each([
  [undefined, 'en'],
  ['', 'en'],
  ['zh', 'zh'],
  ['zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
  ['en-US,en;q=0.9,zh;q=0.8', 'en'],
  ['fr, zh-TW;q=0.3', 'zh'],
  ['fr', 'en'],
  ['en;q=0, zh;q=0.1', 'zh'],
  ['*', 'en'],
  ['zho', 'en'],
  ['zh;q=nonsense', 'en'],
])('answers %j in %s', (header, locale) => {
  expect(localeOf(header)).toBe(locale);
});
