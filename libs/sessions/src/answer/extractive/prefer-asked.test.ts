import { describe, expect, it } from 'vitest';
import type { Passage } from '../passage.js';
import { candidatesOf } from './candidates.js';
import type { ScoredCandidate } from './model.js';
import { preferAsked, shareInLabel } from './prefer-asked.js';

/** @returns the sentences and rows of a text as candidates, each a little behind the one before it */
const scoredOf = (text: string): ScoredCandidate[] =>
  candidatesOf([{ text, hit: { headings: [] }, placeOf: (at: number) => at } as unknown as Passage]).map(
    (candidate, i) => ({ ...candidate, score: 9 - i / 4, features: {} as never }),
  );

const FORM = [
  'This is a preliminary estimate for the visible damage of the vehicle.',
  '| Claim # | SF-1008 | Make | Jeep |',
  '| Phone | (425) 111-1111 | VIN | 1C4RJFBG2NC123456 |',
  '| Repair Order # | RO-20221108 | Estimator | Ellis Turner |',
]
  .join('\n')
  .replaceAll(/^\| | \|$/gmu, '');

describe('preferAsked', () => {
  it.each([
    ['Who is the estimator?', 'Estimator: Ellis Turner'],
    ['VIN of the Jeep', 'VIN: 1C4RJFBG2NC123456'],
    ['What is this estimate?', 'This is a preliminary estimate for the visible damage of the vehicle.'],
  ])('puts first the row whose label is asked for: %s', (question, expected) => {
    expect(preferAsked(question, scoredOf(FORM))[0]!.text).toBe(expected);
  });

  it('puts first the sentence in the other language with the time that is asked about', () => {
    const [parental, annual] = [
      '子女未满三周岁的员工，每年享有十天育儿假，可分次使用。',
      '工作满一年的员工每年享有十五天带薪年假；工作满十年的员工每年享有二十天带薪年假。',
    ];
    const best = (question: string) => preferAsked(question, scoredOf(`${parental}\n${annual}`))[0]!.text;
    expect(best('How long is annual leave after ten years of service?')).toBe(annual);
    expect(best('How long is the leave?')).toBe(parental);
  });

  it('puts first the sentence with a number of what is counted', () => {
    const [carried, granted] = [
      '未休完的年假可结转至次年三月三十一日，逾期作废。',
      '工作满一年的员工每年享有十五天带薪年假。',
    ];
    const best = (question: string) => preferAsked(question, scoredOf(`${carried}\n${granted}`))[0]!.text;
    expect(best('年假有几天？')).toBe(granted);
    expect(best('年假可以结转到什么时候？')).toBe(carried);
  });

  it('puts first the language of the question where two sentences say the same', () => {
    const both = 'A password has at least 14 characters.\n密码至少有14个字符。';
    expect(preferAsked('密码要多长？', scoredOf(both))[0]!.text).toBe('密码至少有14个字符。');
    expect(preferAsked('密码要多长？', scoredOf(both.replace('有14', '有8')))[0]!.text).toMatch(
      /^A password/,
    );
  });
});

describe('shareInLabel', () => {
  it.each([
    ['grand total of the estimate', 'GRAND TOTAL', 2 / 3],
    ['Who is the estimator?', 'Estimate', 0],
    ['生日礼金是多少？', '生日礼金', 1],
    ['grand total', undefined, 0],
  ])('is the share of %s that %s holds', (question, label, share) => {
    expect(shareInLabel(question, label)).toBeCloseTo(share);
  });
});
