import { describe, expect, it } from 'vitest';
import { denies, namesIn, numbersIn } from './facts.js';

const numbers = (text: string, strict = true) =>
  [...numbersIn(text, strict)].sort((a, b) => Number(a) - Number(b));

describe('numbersIn', () => {
  it.each([
    ['They get 1,200 yuan.', ['1200']],
    ['每人 1.2 万元', ['12000']],
    ['一千二百元', ['1200']],
    ['十五天', ['15']],
    ['百分之十五', ['15']],
    ['15%', ['15']],
    ['二〇二四年', ['2024']],
    ['2024年3月5日', ['3', '5', '2024']],
    ['March 5, 2024', ['3', '5', '2024']],
    ['5th of March 2024', ['3', '5', '2024']],
    ['３ million', ['3000000']],
    ['三百万', ['3000000']],
    ['twenty-five days', ['25']],
    ['two hundred and six', ['206']],
    ['一億兩千萬人', ['120000000']],
    ['rooms 3,5', ['3', '5']],
    ['v1.25', ['1.25']],
  ])('reads %s', (text, expected) => expect(numbers(text)).toEqual(expected));

  it('takes no word for a number in a claim', () => {
    expect(numbers('One of them may march on; 三明治十分好吃，一些人喜欢。')).toEqual([]);
  });

  it('takes any numeral for a number in a passage', () => {
    expect(numbers('one of 一些', false)).toEqual(['1']);
  });
});

describe('namesIn', () => {
  it('finds names inside a sentence, not its first word', () => {
    expect(namesIn('Employees of Midplane in New York use iPhone and GB45438.')).toEqual(
      expect.arrayContaining(['midplane', 'new', 'york', 'iphone', 'gb45438']),
    );
    expect(namesIn('Employees work.')).toEqual([]);
  });

  it('finds Chinese titles and quotations', () => {
    expect(namesIn('按照《员工手册》和「差旅制度」执行。')).toEqual(['员工手册', '差旅制度']);
    expect(namesIn('Kubernetes 是什么？')).toEqual(['kubernetes']);
  });
});

describe('denies', () => {
  it.each([
    ['Interns are not paid.', true],
    ["They don't apply.", true],
    ['实习生不享受年假。', true],
    ['未經批准', true],
    ['not only paid', false],
    ['no later than Friday', false],
    ['不仅如此', false],
    ['非常重要', false],
    ['It is not without merit.', false],
    ['Interns are paid.', false],
  ])('%s', (text, expected) => expect(denies(text)).toBe(expected));
});
