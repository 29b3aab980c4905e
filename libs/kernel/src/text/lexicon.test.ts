import { describe, expect, it } from 'vitest';
import { Lexicon } from './lexicon.js';

describe('Lexicon', () => {
  const lexicon = new Lexicon(['what to', '年假 annual leav', '离开 leav depart']);

  it('knows the words of either language by those of the other', () => {
    expect(lexicon.translationsOf('年假')).toEqual(['annual', 'leav']);
    expect(lexicon.translationsOf('leav')).toEqual(['年假', '离开']);
    expect(lexicon.translationsOf('falcon')).toEqual([]);
    expect(lexicon.translationsOf('猎鹰')).toEqual([]);
  });

  it('knows the words that say nothing', () => {
    expect(['what', '的', 'leav', '年假'].filter((word) => lexicon.isCommon(word))).toEqual(['what', '的']);
  });
});
