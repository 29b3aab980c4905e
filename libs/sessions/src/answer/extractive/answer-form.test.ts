import { describe, expect, it } from 'vitest';
import { enumerates, formOf, namesKind, showsYear } from './answer-form.js';

describe('formOf', () => {
  it('knows a question for a year', () => {
    expect(formOf('In which year did it open?').year).toBe(true);
    expect(formOf('它是哪年開放的？').year).toBe(true);
    expect(formOf('When did it open?').year).toBe(false);
  });

  it('knows a question for several things', () => {
    expect(formOf('What are the main exports?').several).toBe(true);
    expect(formOf('主要出口哪些产品？').several).toBe(true);
    expect(formOf('主要出口什么？').several).toBe(false);
  });

  it('knows what is counted', () => {
    const chinese = formOf('全校有多少人？').counted;
    expect(chinese?.test('全校共有师生1200余人。')).toBe(true);
    expect(chinese?.test('学校有两个校区。')).toBe(false);
    const english = formOf('How many members does it have?').counted;
    expect(english?.test('It has 12 new members.')).toBe(true);
    expect(english?.test('Its members met 12 times.')).toBe(false);
  });

  it('knows what kind of thing is asked for in Chinese', () => {
    expect(formOf('他出生在哪座城市？').kind).toBe('城市');
    expect(formOf('他担任什么職務？').kind).toBe('职务');
    expect(formOf('这是什么？').kind).toBeUndefined();
  });
});

it('knows a year', () => {
  expect(['In 1998.', '一九九八年', '建于824年'].every(showsYear)).toBe(true);
  expect(['On May 3.', '九月三日'].some(showsYear)).toBe(false);
});

it('knows one of a kind by its last character', () => {
  expect(namesKind('他出生於廣州市。', '城市')).toBe(true);
  expect(namesKind('这座城市很大。', '城市')).toBe(false);
});

it('knows how long an enumeration is', () => {
  expect(enumerates('Tea, coffee, sugar, and cocoa.')).toBeGreaterThan(enumerates('Tea, and no more.'));
  expect(enumerates('茶、咖啡、糖、可可、盐')).toBe(1);
});
