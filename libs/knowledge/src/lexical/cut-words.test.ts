import { describe, expect, it } from 'vitest';
import { cutWords, distinctWords, wordsOf } from './cut-words.js';

/** Whether every word of a question stands in the passage. */
const meets = (question: string, passage: string): boolean => {
  const words = new Set(cutWords(passage).split(' '));
  return distinctWords(question).every((word) => words.has(word));
};

describe('cutting text into words', () => {
  it.each([
    ['Traditional and Simplified', '資料庫與網路', '数据资料库与网路'],
    ['the same Traditional character in two phrases', '头发发展', '她的頭髮，經濟發展'],
    ['Taiwan’s variants', '看着里面', '他看著，裡面'],
    ['full and half width', 'Midplane 2024', 'Ｍｉｄｐｌａｎｅ ２０２４'],
    ['half-width kana', 'ガッコウ', 'ｶﾞｯｺｳ'],
    ['a part of a katakana word', 'タワー', '東京タワー'],
    ['a part of a Hangul word', '학교', '학교에서'],
    ['inflected English', 'employees entitled', 'An employee is entitled to it'],
    ['accents', 'resume cafe', 'Résumé, café'],
    ['a possessive', 'company', 'the company’s'],
    ['a contraction', "don't", 'they don’t'],
    ['a part of a long Chinese word', '数据库', '数据库管理系统'],
    ['a code without its hyphen', 'ABC1234', 'Order ABC-1234 today'],
    ['a part of a code', '1234', 'Order ABC-1234 today'],
    ['a number with and without thousands', '1234567', 'EUR 1,234,567'],
    ['an abbreviation with and without dots', 'US', 'in the U.S. market'],
    ['a compound with and without its hyphen', 'email', 'by e-mail'],
    ['two forms of a date', '2024/05/01', 'on 2024-05-01'],
  ])('lets %s meet', (_, question, passage) => {
    expect(meets(question, passage)).toBe(true);
  });

  it.each([
    ['decimals', '3.5', 'item 35, section 3, page 5'],
    ['versions', '1.2.3', 'version 1.2.4 and 123'],
    ['codes', 'ABC-1234', 'ABC-1235'],
    ['C++', 'C++', 'C and C#'],
    ['digits behind a number of scientific form', '1e5a', '1e5b'],
  ])('keeps %s apart', (_, question, passage) => {
    expect(meets(question, passage)).toBe(false);
  });

  it('gives words of letters and digits only, without data that is no word', () => {
    const words = cutWords(`a_b@c.de → ①②½ 3.5% “引号” 🙂 C# ${'x'.repeat(500)} №12 -5 1,000`).split(' ');
    for (const word of words) {
      expect(word).toMatch(/^[\p{L}\p{N}]+$/u);
      expect(word.length).toBeLessThanOrEqual(64);
    }
  });

  it('has no words for nothing', () => {
    expect(wordsOf('')).toEqual([]);
    expect(cutWords(' …… !? 🙂 \u0000')).toBe('');
  });

  it('gives the words that it indexes, with their places in the original', () => {
    const text = '她的頭髮，Ｍidplane’s ABC-1234：ｶﾞｯｺｳ 數據庫管理系統 café';
    const places = Object.fromEntries(
      wordsOf(text).map(({ word, start, end }) => [word, text.slice(start, end)]),
    );
    expect(places).toMatchObject({
      头发: '頭髮',
      midplan: 'Ｍidplane',
      abc1234: 'ABC-1234',
      ガッ: 'ｶﾞｯ',
      数据库: '數據庫',
      管理系统: '管理系統',
      cafe: 'café',
    });
  });

  it('keeps every word inside the text and in reach of it, whatever the text', () => {
    const characters = [...'頭髮干乾著资訊𠮷ｶﾞ가각がtheİß①ﷺa-.,@’+#0123e５ \n々〇'];
    let seed = 7;
    const next = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
    for (let round = 0; round < 300; round++) {
      const text = Array.from({ length: 40 }, () => characters[next(characters.length)]).join('');
      for (const { word, start, end } of wordsOf(text)) {
        expect(word).toMatch(/^[\p{L}\p{N}]+$/u);
        expect(start).toBeGreaterThanOrEqual(0);
        expect(end).toBeGreaterThan(start);
        expect(end).toBeLessThanOrEqual(text.length);
      }
    }
  });
});
