import { beforeAll, describe, expect, it } from 'vitest';
import { type Lexicon, shippedLexicon, TranslatedCoverage } from '@midplane/kernel';
import { cutWords, distinctWords } from './index.js';

describe('TranslatedCoverage', () => {
  let lexicon: Lexicon;
  beforeAll(async () => {
    lexicon = await shippedLexicon();
  });

  function sharesOf(question: string, passages: string[]): number[] {
    const coverage = new TranslatedCoverage(lexicon, distinctWords(question));
    for (const passage of passages) coverage.add(cutWords(passage).split(' '));
    return coverage.shares();
  }

  it('means the words that the index holds', () => {
    const means = (chinese: string, english: string) => {
      const meanings = distinctWords(chinese).flatMap((word) => lexicon.glossesOf(word).flat());
      return distinctWords(english).some((word) => meanings.includes(word));
    };
    expect(means('加班', 'overtime')).toBe(true);
    expect(means('批准', 'approval')).toBe(true);
    expect(means('软件', 'annual leave')).toBe(false);
    expect(distinctWords('What is the').every((word) => lexicon.isCommon(word))).toBe(true);
  });

  it('finds the passage that holds more of an English question', () => {
    const [annual, parental] = sharesOf('How many days of annual leave do I get?', [
      '工作满一年的员工每年享有十五天带薪年假。',
      '差旅报销须在三十天内提交。',
    ]);
    expect(annual).toBeGreaterThan(parental! + 0.2);
  });

  it('finds the passage that holds more of a Chinese question', () => {
    const [trips, passwords] = sharesOf('谁来批准出差？', [
      'Every business trip needs the approval of your line manager.',
      'A password has at least 14 characters.',
    ]);
    expect(trips).toBeGreaterThan(passwords! + 0.3);
  });

  it('counts a meaning that is there in part for little', () => {
    const [overtime, days] = sharesOf('加班怎么补偿？', [
      'Who works overtime gets compensation.',
      'Ask at least ten working days before the trip.',
    ]);
    expect(overtime).toBeGreaterThan(5 * days!);
  });

  it('counts names and numbers that are the same in both languages', () => {
    const [held, other] = sharesOf('Kubernetes 1.34 有什么变化？', ['Kubernetes 1.34 is out.', 'Nothing.']);
    expect(held).toBeGreaterThan(other!);
  });

  it('is nothing where there is nothing to ask, or nothing is held', () => {
    expect(sharesOf('的', ['A password.'])).toEqual([0]);
    expect(sharesOf('年假有几天？', ['Passwords.', ''])).toEqual([0, 0]);
    expect(sharesOf('年假有几天？', [])).toEqual([]);
  });
});
