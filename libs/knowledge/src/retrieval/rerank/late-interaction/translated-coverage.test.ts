import { beforeAll, describe, expect, it } from 'vitest';
import { cutWords, distinctWords } from '../../../lexical/index.js';
import { type Lexicon, shippedLexicon } from '../../../lexical/lexicon.js';
import { TranslatedCoverage } from './translated-coverage.js';

describe('TranslatedCoverage', () => {
  let lexicon: Lexicon;
  beforeAll(async () => {
    lexicon = await shippedLexicon();
  });

  function sharesOf(question: string, passages: string[]): number[] {
    const coverage = new TranslatedCoverage(lexicon, distinctWords(question));
    for (const passage of passages) coverage.add(Buffer.from(cutWords(passage)));
    return coverage.shares();
  }

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
