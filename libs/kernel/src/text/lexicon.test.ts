import { describe, expect, it } from 'vitest';
import { Lexicon } from './lexicon.js';

describe('Lexicon', () => {
  const lexicon = new Lexicon(['what to', '年假 annual leav;new year holidai', '离开 leav;depart']);

  it('knows the words of either language by those of the other', () => {
    expect(lexicon.glossesOf('年假')).toEqual([
      ['annual', 'leav'],
      ['new', 'year', 'holidai'],
    ]);
    expect([...lexicon.wordsMeaning('leav')]).toEqual(['年假', '离开']);
    expect([...lexicon.wordsMeaning('falcon')]).toEqual([]);
    expect(lexicon.glossesOf('猎鹰')).toEqual([]);
  });

  it('knows the words that say nothing', () => {
    expect(['what', '的', 'leav', '年假'].filter((word) => lexicon.isCommon(word))).toEqual(['what', '的']);
  });
});
