import { describe, expect, it } from 'vitest';
import { tokenStarts } from './token-starts.js';

/** The text from each token's place on, as far as the token is long. */
const pieces = (text: string, tokens: string[]): string[] =>
  [...tokenStarts(text, tokens)].map((start) => text.slice(start, start + 4));

describe('tokenStarts', () => {
  it('finds tokens in both languages, spaces aside', () => {
    expect([
      ...tokenStarts('passage: The leaf, 年假 15 天', [
        '▁passage',
        ':',
        '▁The',
        '▁lea',
        'f',
        ',',
        '▁',
        '年',
        '假',
        '▁15',
        '▁',
        '天',
      ]),
    ]).toEqual([0, 7, 9, 13, 16, 17, 19, 19, 20, 22, 25, 25]);
  });

  it('keeps its place over what NFKC writes in another length', () => {
    expect(pieces('㎏ ½ ＡＢＣ done', ['▁kg', '▁1⁄2', '▁ABC', '▁done'])).toEqual([
      '㎏ ½ ',
      '½ ＡＢ',
      'ＡＢＣ ',
      'done',
    ]);
    expect(pieces('cafe\u0301 end', ['▁ca', 'fé', '▁end'])).toEqual(['cafe', 'fe\u0301 ', 'end']);
  });

  it('never leaves the text', () => {
    expect([...tokenStarts('ab', ['▁ab', 'more', 'than', 'there'])]).toEqual([0, 1, 1, 1]);
    expect([...tokenStarts('', ['▁x'])]).toEqual([0]);
    expect([...tokenStarts(' \n', ['▁'])]).toEqual([0]);
    expect(
      Math.max(
        ...tokenStarts(
          'x '.repeat(50_000),
          Array.from({ length: 50_000 }, () => '▁x'),
        ),
      ),
    ).toBe(65_535);
  });
});
