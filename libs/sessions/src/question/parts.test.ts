import { describe, expect, it } from 'vitest';
import { partsOf } from './parts.js';

describe('partsOf', () => {
  it.each<['en' | 'zh', string, string[]]>([
    [
      'en',
      'How many days of leave do I get, and how do I apply for it?',
      ['How many days of leave do I get?', 'How do I apply for leave?'],
    ],
    [
      'en',
      'When was the Panama Canal opened? How long is it?',
      ['When was the Panama Canal opened?', 'How long is the Panama Canal?'],
    ],
    [
      'en',
      'What is the hotel limit for trips to Berlin; who approves travel requests?',
      ['What is the hotel limit for trips to Berlin?', 'Who approves travel requests?'],
    ],
    [
      'en',
      'Please answer: 1) How many days of annual leave do interns get? 2) Who approves expense reports? 3) What is the meal allowance?',
      [
        'How many days of annual leave do interns get?',
        'Who approves expense reports?',
        'What is the meal allowance?',
      ],
    ],
    [
      'en',
      'In the travel policy, what is the hotel limit and who approves requests?',
      ['In the travel policy, what is the hotel limit?', 'In the travel policy, who approves requests?'],
    ],
    [
      'en',
      'Explain how to reset my password and what documents are needed for a visa.',
      ['Explain how to reset my password?', 'What documents are needed for a visa.'],
    ],
    ['zh', '年假几天？怎么申请？', ['年假几天？', '年假几天？怎么申请？']],
    ['zh', '全职员工有几天年假，密码多久更换一次？', ['全职员工有几天年假？', '密码多久更换一次？']],
    ['zh', '年假有多少天以及报销需要哪些材料？', ['年假有多少天？', '报销需要哪些材料？']],
    ['zh', '巴拿马运河是哪一年开通的？它有多长？', ['巴拿马运河是哪一年开通的？', '巴拿马运河有多长？']],
    [
      'zh',
      '請問：（1）全職員工有多少天年假？（2）密碼至少要幾位？',
      ['全職員工有多少天年假？', '密碼至少要幾位？'],
    ],
    [
      'zh',
      '根据《员工手册》，加班费怎么算，迟到怎么处罚？',
      ['根据《员工手册》，加班费怎么算？', '根据《员工手册》，迟到怎么处罚？'],
    ],
    [
      'en',
      'When did the plague spread to France, England and Italy, and in which year did Venice close its ports?',
      [
        'When did the plague spread to France, England and Italy?',
        'In which year did Venice close its ports?',
      ],
    ],
    [
      'zh',
      '在哪个世纪，传教士建立了教会学校，最早有多少名学生？',
      ['在哪个世纪，传教士建立了教会学校？', '在哪个世纪，传教士建立了教会学校？最早有多少名学生？'],
    ],
  ])('%s: %s', (language, question, parts) => {
    expect(partsOf(question, language)).toEqual(parts);
  });

  it.each<['en' | 'zh', string]>([
    ['en', 'What is the difference between sick leave and annual leave?'],
    ['en', 'What is the difference between how managers are paid and how staff are paid?'],
    ['en', 'How much do we spend on R and D?'],
    ['en', 'When and where is the meeting?'],
    ['en', 'Who decides what is paid and when it is due?'],
    ['en', 'Who wrote it and when?'],
    ['en', 'If I leave in June, how many days of leave do I get?'],
    ['en', 'Is 3.5 or 4.2 the newest version?'],
    ['en', 'Which documents do I need for Germany, France, and Spain?'],
    ['en', 'What does the manual say about "what to do and how to do it"?'],
    ['en', 'Which player got a penalty, which gave the Broncos a new set of downs?'],
    ['en', 'Who said "Can it be done? Is it worth it?" at the meeting?'],
    ['zh', '幾千年來，電只不過是玩物，直到哪一年才有研究？'],
    ['zh', '北朝几个朝代中，哪个朝代最积极建筑长城？'],
    ['zh', '许多卫星在哪个区域内运作，并每隔几天就启动引擎？'],
    ['zh', '「殿下先謁陵乎？先即位乎？」這句話是誰說的？'],
    ['zh', '多伦多大学是研究型大学，它的排名是多少？'],
    ['zh', '如果离职，年假怎么算？'],
    ['zh', '病假和年假有什么区别？'],
    ['zh', '北京、上海以及广州的住宿标准是多少？'],
    ['zh', '无论什么情况，都要怎么做？'],
    ['zh', '研发和生产部门由谁负责？'],
    ['zh', '员工请假需要提交哪些材料，例如证明、表格？'],
    ['zh', '甲方与乙方之间，谁负责运输，谁承担费用的规定有哪些？'],
  ])('%s, left whole: %s', (language, question) => {
    expect(partsOf(question, language)).toEqual([question]);
  });

  it('cuts no question into more than four parts', () => {
    const parts = partsOf('年假几天？病假几天？产假几天？婚假几天？丧假几天？事假几天？', 'zh');
    expect(parts).toHaveLength(4);
    expect(parts[3]).toContain('事假几天');
  });
});
