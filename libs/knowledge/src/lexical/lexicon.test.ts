import { describe, expect, it } from 'vitest';
import { distinctWords } from './cut-words.js';
import { Lexicon, shippedLexicon } from './lexicon.js';

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

  it('is shipped with words as the index holds them', async () => {
    const shipped = await shippedLexicon();
    const means = (chinese: string, english: string) => {
      const meanings = distinctWords(chinese).flatMap((word) => shipped.translationsOf(word));
      return distinctWords(english).some((word) => meanings.includes(word));
    };
    expect(means('加班', 'overtime')).toBe(true);
    expect(means('批准', 'approval')).toBe(true);
    expect(means('软件', 'annual leave')).toBe(false);
    expect(distinctWords('What is the').every((word) => shipped.isCommon(word))).toBe(true);
  });
});
