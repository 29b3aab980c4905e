import { expect, it } from 'vitest';
import { sameQuestion } from './same-question.js';

it.each([
  ['How many days of annual leave do I get?', 'how many annual leave days do we have'],
  ['What is the hotel limit?', 'Please tell me the hotel limit.'],
  ['年假有多少天？', '请问年假是几天'],
  ['如何报销差旅费', '差旅费怎么报销？'],
  ["What isn't covered?", 'What is not covered'],
  ['Ｈｏｔｅｌ limit in Beijing', 'the Hotel limit in Beijing?'],
])('%s = %s', (a, b) => {
  expect([sameQuestion(a, b), sameQuestion(b, a)]).toEqual([true, true]);
});

it.each([
  ['What is the limit in 2025?', 'What is the limit in 2026?'],
  ['what is the salary of alice', 'what is the salary of bob'],
  ['Does Alice report to Bob?', 'Does Bob report to Alice?'],
  ['Is travel covered?', 'Is travel not covered?'],
  ['Which trips can be booked?', "Which trips can't be booked?"],
  ['张三的年假有几天', '李四的年假有几天'],
  ['可以带宠物吗', '不可以带宠物吗'],
  ['报销上限是500元吗', '报销上限是5000元吗'],
  ['第3条怎么说', '第13条怎么说'],
  ['hotel limit', 'meal limit'],
  ['What does section 4.2 say?', 'What does section 2.4 say?'],
])('%s ≠ %s', (a, b) => {
  expect([sameQuestion(a, b), sameQuestion(b, a)]).toEqual([false, false]);
});
