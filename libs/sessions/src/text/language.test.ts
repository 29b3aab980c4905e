import { describe, expect, it } from 'vitest';
import { detectLanguage } from './language.js';
import { contentWords } from './words.js';

describe('detectLanguage', () => {
  it.each([
    ['全职员工有多少天年假？', 'zh'],
    ['全職員工有多少天年假？', 'zh'],
    ['什么是 Kubernetes operator pattern？', 'zh'],
    ['请介绍 OpenAI GPT API rate limits', 'zh'],
    ['VPN 怎么申请', 'zh'],
    ['How many days of leave?', 'en'],
    ['What does 年假 mean in the handbook?', 'en'],
    ['2024?', 'en'],
  ])('%s is %s', (text, language) => expect(detectLanguage(text)).toBe(language));
});

describe('contentWords', () => {
  it('leaves out what carries no content, and brings forms together', () => {
    expect(contentWords('How many days do the employees get?')).toEqual(contentWords('day employee get'));
    expect(contentWords('全职员工有多少天？')).toEqual(contentWords('全職員工 天'));
    expect(contentWords('ＶＰＮ ３.５')).toEqual(['vpn', '3.5']);
  });
});
