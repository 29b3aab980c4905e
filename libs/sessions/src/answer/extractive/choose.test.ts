import { describe, expect, it } from 'vitest';
import type { Passage } from '../passage.js';
import { contentWords } from '../../text/words.js';
import { choose } from './choose.js';
import type { ScoredCandidate } from './model.js';

const of = (documentId: string): Passage => ({ number: 1, hit: { documentId } }) as Passage;
const here = of('here');
const elsewhere = of('elsewhere');

function sentence(order: number, score: number, text: string, passage = here): ScoredCandidate {
  const words = new Set(text.split(' '));
  return { passage, order, score, text, source: text, words, isRow: false, spans: [], features: {} as never };
}

/** A row of one table, with words as a passage's text gives them; its label is what stands before the first mark. */
const row = (order: number, score: number, text: string): ScoredCandidate => ({
  ...sentence(order, score, text),
  label: text.split(/[:,]/)[0]!,
  words: new Set(contentWords(text)),
  isRow: true,
});

/** @returns the texts of what is chosen of sentences in any order */
const chosen = (...sentences: ScoredCandidate[]): string[] =>
  choose(
    '',
    sentences.sort((a, b) => b.score - a.score),
  ).map(({ text }) => text);

describe('choose', () => {
  it('takes a second sentence only where it comes close', () => {
    const best = sentence(0, 9, 'Staff get 15 days.');
    expect(chosen(best, sentence(4, 6, 'Interns get none.'))).toEqual([best.text, 'Interns get none.']);
    expect(chosen(best, sentence(4, 5, 'Interns get none.'))).toEqual([best.text]);
  });

  it('leaves out what another document says in another language unless it is nearly as good', () => {
    const best = sentence(0, 9, '工作满十年的员工每年享有二十天带薪年假。', of('handbook'));
    const other = 'For each full day away you receive a daily allowance.';
    expect(chosen(best, sentence(0, 7, other, of('travel')))).toEqual([best.text]);
    expect(chosen(best, sentence(4, 7, other, of('handbook')))).toEqual([best.text, other]);
    expect(chosen(best, sentence(0, 8.8, other, of('travel')))).toEqual([best.text, other]);
  });

  it('takes what stands beside the best one sooner', () => {
    const best = sentence(3, 9, 'Staff get 15 days.');
    const after = sentence(4, 5, 'Five may be kept.');
    expect(chosen(best, after, sentence(7, 6, 'Interns get none.'))).toEqual([best.text, after.text]);
    const other = sentence(4, 5, after.text, elsewhere);
    expect(chosen(best, other)).toEqual([best.text]);
  });

  it.each([
    ['She signed it in May.', 'The bill was signed in May.'],
    ['該法案於五月簽署。', '法案於五月簽署。'],
  ])('takes the sentence that the best one points back to: %s', (pointing, naming) => {
    const before = sentence(2, 3, 'Ada Lovelace was minister then.');
    expect(chosen(sentence(3, 9, pointing), before)).toEqual([pointing, before.text]);
    expect(chosen(sentence(3, 9, naming), before)).toEqual([naming]);
  });

  it.each([
    ['What is the allowance for China?', ['China: 48']],
    ['What are the allowances for China and Peru?', ['China: 48', 'Peru: 40']],
    ['What is the allowance for China, and for Peru?', ['China: 48', 'Peru: 40']],
    ['What are the allowances for China and Japan?', ['China: 48']],
    ['What are the allowances?', ['China: 48', 'Peru: 40']],
  ])('takes a second row of a table where it is asked for: %s', (question, expected) => {
    const rows = ['China: 48', 'Peru: 40'].map((text, i) => row(i + 1, 9 - 2 * i, text));
    expect(choose(question, rows).map(({ text }) => text)).toEqual(expected);
  });

  it('takes the row of a form that says what is asked of whom another row names', () => {
    const form = [row(1, 9, 'Insured: Ada'), row(2, 4, 'Claim number: 7'), row(3, 4.5, 'Year: 2022')];
    expect(choose('What is the claim number of Ada?', form).map(({ text }) => text)).toEqual([
      'Insured: Ada',
      'Claim number: 7',
    ]);
    const apart = form.map((each, i) => (i === 1 ? { ...each, passage: elsewhere } : each));
    expect(choose('What is the claim number of Ada?', apart)).toHaveLength(1);
  });

  it('takes a second row of a table that is nearly as good', () => {
    const rows = ['China, north: 48', 'China, south: 40'].map((text, i) => row(i + 1, 9 - 0.4 * i, text));
    expect(choose('What is the allowance for China?', rows)).toHaveLength(2);
  });

  it('adds to a row what another passage says only where that is asked for', () => {
    const elsewhereSaid = { ...row(4, 7.5, 'Profit was taxed at 0%.'), passage: elsewhere, isRow: false };
    const found = [row(1, 9, 'Sales tax: 10.20%'), elsewhereSaid];
    expect(choose('What is the sales tax?', found)).toHaveLength(1);
    expect(choose('What is the sales tax, and the tax on Profit?', found)).toHaveLength(2);
  });

  it('says nothing twice', () => {
    const best = sentence(0, 9, 'Staff get 15 days of leave.');
    expect(chosen(best, sentence(5, 9, best.text, elsewhere))).toEqual([best.text]);
    const copy = { ...sentence(5, 9, best.text, elsewhere), words: new Set(['under', 'other', 'headings']) };
    expect(chosen(best, copy)).toEqual([best.text]);
  });

  it('chooses nothing of nothing', () => expect(chosen()).toEqual([]));
});
