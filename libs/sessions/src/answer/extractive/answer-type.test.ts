import { describe, expect, it } from 'vitest';
import { answerTypeOf, expectationOf, showsExpected } from './answer-type.js';

describe('answerTypeOf', () => {
  it.each([
    ['Who approves travel?', '谁审批差旅？', 'who'],
    ['When was the museum opened?', '博物馆是哪一年开放的？', 'when'],
    ['In what year did it close?', '什麼時候關閉？', 'when'],
    ['Where is the head office?', '总部位于哪个城市？', 'where'],
    ['How many days of leave do I get?', '年假有几天？', 'howMany'],
    ['How much is the meal allowance?', '餐补是多少？', 'howMany'],
    ['Why was it delayed?', '为什么延期？', 'why'],
    ['How do I apply for leave?', '如何申请年假？', 'how'],
    ['What is the password policy?', '密码规则是什么？', 'other'],
  ])('%s / %s: %s', (english, chinese, type) => {
    expect([answerTypeOf(english), answerTypeOf(chinese)]).toEqual([type, type]);
  });
});

describe('showsExpected', () => {
  it.each([
    [
      'How many days of leave do I get in 2024?',
      'Full-time staff get 15 days.',
      'The rules changed in 2024.',
    ],
    ['年假有几天？', '全职员工每年享有十五天年假。', '年假须提前申请。'],
    ['Who founded Apple?', 'It was founded by Steve Jobs.', 'Apple makes phones.'],
    ['谁提出了相对论？', '相对论由阿尔伯特·爱因斯坦提出。', '相对论改变了物理学。'],
    ['When did it open?', 'The doors opened on May 3, 1998.', 'The doors opened to great applause.'],
    ['它是何时开放的？', '于一九九八年开放。', '开放时掌声雷动。'],
    ['Why was it late?', 'It was late because of the snow.', 'It was late.'],
    ['为什么延期？', '由于大雪，活动延期。', '活动延期。'],
    ['Where is the office?', 'The office is in Paris.', 'The office is large.'],
    ['公司在哪里？', '公司位于上海市。', '公司很大。'],
  ])('%s', (question, holds, lacks) => {
    const expectation = expectationOf(question);
    expect(showsExpected(holds, expectation)).toBe(true);
    expect(showsExpected(lacks, expectation)).toBe(false);
  });

  it('does not count what the question says itself', () => {
    expect(showsExpected('In 1998 many came.', expectationOf('How many came in 1998?'))).toBe(false);
    expect(showsExpected('Said Ada Lovelace then.', expectationOf('Who was it that Ada Lovelace met?'))).toBe(
      false,
    );
  });
});
