import { createInference, type Inference } from '@midplane/inference';
import type { SearchHit } from '@midplane/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { numberPassages } from '../answer/passage.js';
import { checkClaim, type Embed } from './check.js';

let inference: Inference;
let embed: Embed;

beforeAll(() => {
  inference = createInference();
  embed = async (texts) =>
    (await inference.embed({ role: 'passage', urgency: 'interactive', texts })).vectors;
});
afterAll(() => inference.close());

const passageOf = (text: string) =>
  numberPassages([
    { text, before: [], after: [], headings: [], documentTitle: 'handbook' } as unknown as SearchHit,
  ])[0]!;

const EN = passageOf(
  'Full-time staff get 15 days of annual leave a year. Part-time staff get 8 days. Interns are not entitled to annual leave. Requests are approved by Anna Keller by March 5, 2024.',
);
const ZH = passageOf(
  '全职员工每年享有15天年假。兼职员工每年8天。实习生不享有年假。申请由王芳于2024年3月5日前审批。',
);

const check = (claim: string, passage = EN) =>
  checkClaim(claim, passage, 'How many days of leave are there?', embed);

describe('checkClaim', () => {
  it.each([
    ['Full-time employees have fifteen days of annual leave per year.', EN],
    ['Part-time staff get 8 days of annual leave.', EN],
    ['Interns get no annual leave.', EN],
    ['Anna Keller approves requests by 2024-03-05.', EN],
    ['全职员工有十五天年假。', ZH],
    ['实习生没有年假。', ZH],
    ['全职员工每年享有15天年假。', EN],
    ['Full-time employees get 15 days of annual leave a year.', ZH],
  ])('holds: %s', async (claim, passage) => {
    expect(await check(claim, passage)).toMatchObject({ supported: true });
  });

  it.each([
    ['Full-time staff get 20 days of annual leave a year.', 'numbers', EN],
    ['全职员工每年享有二十天年假。', 'numbers', ZH],
    ['Requests are approved by Anna Schmidt.', 'names', EN],
    ['Requests are approved by April 5, 2024.', 'numbers', EN],
    ['Interns are entitled to annual leave.', 'negation', EN],
    ['实习生享有年假。', 'negation', ZH],
    ['The canteen serves lunch from noon on.', 'meaning', EN],
    ['食堂中午开始供应午餐。', 'meaning', ZH],
    ['The stock price rose sharply after the merger.', 'meaning', ZH],
  ])('does not hold: %s (%s)', async (claim, reason, passage) => {
    expect(await check(claim, passage)).toMatchObject({ supported: false, reason });
  });

  it('quotes the sentence that carries the claim, as it stands', async () => {
    expect((await check('Part-time staff get 8 days of annual leave.')).quote).toBe(
      'Part-time staff get 8 days.',
    );
    expect((await check('兼职员工每年有8天年假。')).quote).toBe('Part-time staff get 8 days.');
  });

  it('is no support where it fails', async () => {
    const broken: Embed = () => Promise.reject(new Error('the embedder is gone'));
    expect(await checkClaim('食堂中午开始供应午餐。', EN, '', broken)).toMatchObject({
      supported: false,
      reason: 'check-failed',
    });
  });
});
