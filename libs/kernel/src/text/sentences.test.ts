import { describe, expect, it } from 'vitest';

import { sentences } from './sentences.js';

const cut = (text: string): string[] => sentences(text).map((sentence) => sentence.text);

describe('sentences', () => {
  it.each([
    ['年假为15天。病假需证明！可以吗？可以。', ['年假为15天。', '病假需证明！', '可以吗？', '可以。']],
    ['他说：“今天休息。”然后走了。', ['他说：“今天休息。”', '然后走了。']],
    ['第一条；第二条；第三条。', ['第一条；', '第二条；', '第三条。']],
    ['等等……后来好了。', ['等等……', '后来好了。']],
    ['价格为3.5元。版本2.0.1已发布。', ['价格为3.5元。', '版本2.0.1已发布。']],
    ['好的.我们走', ['好的.', '我们走']],
  ])('cuts Chinese at its own marks: %s', (text, expected) => {
    expect(cut(text)).toEqual(expected);
  });

  it.each([
    ['It rose 3.5 percent. Then it fell.', ['It rose 3.5 percent.', 'Then it fell.']],
    ['Dr. Smith met Mr. Jones. They spoke.', ['Dr. Smith met Mr. Jones.', 'They spoke.']],
    ['See Fig. 3 and No. 5 on p. 7. It is clear.', ['See Fig. 3 and No. 5 on p. 7.', 'It is clear.']],
    [
      'Brown v. Board came first. Roe vs. Wade did not.',
      ['Brown v. Board came first.', 'Roe vs. Wade did not.'],
    ],
    ['Is it? No. It is not!', ['Is it?', 'No.', 'It is not!']],
    [
      'Use tools, e.g. hammers, i.e. what J. R. Smith uses.',
      ['Use tools, e.g. hammers, i.e. what J. R. Smith uses.'],
    ],
    ['He works at Acme Inc. She does not.', ['He works at Acme Inc.', 'She does not.']],
    ['She said "Go." He went.', ['She said "Go."', 'He went.']],
    ['Wait... what? Go to example.com/?a=1 now.', ['Wait... what?', 'Go to example.com/?a=1 now.']],
    ['1. Install it. 2. Run it.', ['1. Install it.', '2. Run it.']],
    ['The U.S. Congress met on Jan. 5. It ended.', ['The U.S. Congress met on Jan. 5.', 'It ended.']],
  ])('cuts English at the end of a sentence only: %s', (text, expected) => {
    expect(cut(text)).toEqual(expected);
  });

  it('parts lines', () => {
    expect(cut('- one\n- two\n\nthree')).toEqual(['- one', '- two', 'three']);
  });

  it('loses nothing but white space, and its offsets point at what it returns', () => {
    const alphabet = [
      'a',
      'B',
      '. ',
      '.',
      '。',
      '！',
      '"',
      '”',
      ' ',
      '\n',
      '1',
      '年',
      '…',
      '(',
      ')',
      '\u3000',
      '😀',
    ];
    let seed = 7;
    for (let round = 0; round < 500; round++) {
      let text = '';
      for (let at = 0; at < 40; at++) {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        text += alphabet[seed % alphabet.length] ?? '';
      }
      const found = sentences(text);
      expect(found.map(({ start, end }) => text.slice(start, end))).toEqual(
        found.map(({ text: own }) => own),
      );
      expect(
        found
          .map(({ text: own }) => own)
          .join('')
          .replace(/\s/g, ''),
      ).toBe(text.replace(/\s/g, ''));
    }
  });

  it('gives nothing for an empty text', () => {
    expect(sentences(' \n ')).toEqual([]);
  });
});
