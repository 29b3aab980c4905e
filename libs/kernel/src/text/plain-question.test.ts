import { describe, expect, it } from 'vitest';
import { plainQuestion } from './plain-question.js';

describe('plainQuestion', () => {
  it.each([
    ['ＶＰＮ　怎么申请？？？', 'VPN 怎么申请？'],
    ['零件ＡＢＣ－１２３４多久更换？', '零件ABC-1234多久更换？'],
    ['年 假 有 几 天 ？', '年假有几天 ？'],
    ['全职员工 有 几 天 年假', '全职员工 有几天 年假'],
    ['How   many days\tof leave???', 'How many days of leave?'],
    ['HOW MANY DAYS OF LEAVE?!', 'how many days of leave?!'],
    ['什么！！ ！', '什么！'],
  ])('%s', (text, plain) => {
    expect(plainQuestion(text)).toBe(plain);
  });

  it.each([
    'What is C++?',
    'Replace ABC-1234 of the USB HUB?',
    '员工 年假 规定',
    '什么是《员工手册》（2024年版）？',
    'a...b',
    'JAXR API 的代号是什么？',
    'USB-C HUB',
    '1) one\n2) two',
  ])('leaves %s as it is', (text) => {
    expect(plainQuestion(text)).toBe(text);
  });
});
