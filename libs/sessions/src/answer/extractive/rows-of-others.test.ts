import { describe, expect, it } from 'vitest';
import type { Passage } from '../passage.js';
import { candidatesOf } from './candidates.js';
import { rowsOfOthers } from './rows-of-others.js';

const TEXT = [
  'For each full day away you receive a daily allowance.',
  '',
  'Region | Daily allowance',
  'Germany | 28 euros',
  'France | 40 euros',
].join('\n');

const passage = {
  text: TEXT,
  hit: { headings: [], documentTitle: 'Travel' },
  placeOf: (at: number) => at,
} as unknown as Passage;

const left = (question: string): string[] =>
  [...rowsOfOthers(question, [passage], candidatesOf([passage]))].map(({ text }) => text);

describe('rowsOfOthers', () => {
  it('rules out all rows where the name that is asked about stands nowhere', () => {
    expect(left('What is the daily allowance for Japan?')).toEqual([
      'Region: Germany; Daily allowance: 28 euros',
      'Region: France; Daily allowance: 40 euros',
    ]);
  });

  it.each([
    'What is the daily allowance for Germany?',
    'Is the daily allowance of Germany that of Japan?',
    'How much is the daily allowance?',
  ])('rules out none where one may be meant: %s', (question) => {
    expect(left(question)).toEqual([]);
  });

  it('keeps a row whose label is asked for', () => {
    const form = { ...passage, text: 'VIN | 1C4RJFBG2NC123456\nPhone | (425) 111-1111' };
    expect(rowsOfOthers('What is the VIN of the Jeep?', [form], candidatesOf([form]))).toHaveLength(1);
  });
});
