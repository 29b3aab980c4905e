import { describe, expect, it } from 'vitest';

import { readData } from '../../testing/read-data.js';
import { detectEncoding } from './encoding.js';

/** Bytes in encodings that Node decodes but does not write. */
const BYTES = {
  gb18030: Buffer.from('d0d5c3fb2cb3c7cad02cb1b8d7a20ad5c5c8fd2cb1b1bea92ccfeacffbcafdbeddb2bbc8ab0a', 'hex'),
  shift_jis: Buffer.from('96bc914f2c944e97ee0a8db293a191be98592c33300a', 'hex'),
  big5: Buffer.from('a96da657a1cfabb0a5aba141b3c6b5f9a4aaa4e5a472', 'hex'),
  'euc-kr': Buffer.from(
    'c0cc20b9aebcadb4c220c8b8bbe7c0c720c8deb0a120b1d4c1a4c0bb20bcb3b8edc7d5b4cfb4d92e20b8f0b5e720c1f7bff8c0ba20b8c5b3e220bdcabfc020c0cfc0c720c8deb0a1b8a620b9debdc0b4cfb4d92e',
    'hex',
  ),
  'euc-jp': Buffer.from(
    'a4b3a4cea5d5a5a1a5a4a5eba4cfb2f1bcd2a4ceb5acc2a7a4c7a4b9a1a3bcd2b0f7a4cfcbe8c7afb5d9a4dfa4f2bce8a4eba4b3a4c8a4aca4c7a4ada4dea4b9a1a3',
    'hex',
  ),
};

describe('detectEncoding', () => {
  it.each(Object.entries(BYTES))('tells %s in a few words', (label, bytes) => {
    expect(detectEncoding(bytes)).toBe(label);
  });

  it.each([
    ['utf-8', Buffer.from('姓名,年龄')],
    ['utf-8', Buffer.from('\ufeffname')],
    ['utf-16le', Buffer.from('\ufeff姓名', 'utf16le')],
    ['utf-16be', Buffer.from('\ufeff姓名', 'utf16le').swap16()],
    ['utf-16le', Buffer.from('name,age\nAnn,5\n', 'utf16le')],
    ['windows-1252', Buffer.from('Caf\xe9 cr\xe8me, na\xefve r\xe9sum\xe9', 'latin1')],
  ])('tells %s', (label, bytes) => {
    const found = detectEncoding(bytes);
    expect(new TextDecoder(found ?? '').decode(bytes)).toBe(new TextDecoder(label).decode(bytes));
  });

  it('takes a character that the sample cuts in two for what it is', () => {
    const bytes = Buffer.from('年'.repeat(400_000)).subarray(0, 1 << 20);
    expect(detectEncoding(bytes)).toBe('utf-8');
  });

  it('finds no text in bytes of a program', () => {
    expect(
      detectEncoding(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 3, 0, 0x3e, 0])),
    ).toBeNull();
  });
});

describe('readCsv', () => {
  it.each([
    ['name;age\n"Lee; Ann";5\n', 'name | age\nLee; Ann | 5'],
    ['name\tage\nAnn\t5\n', 'name | age\nAnn | 5'],
    ['name,note\r\nAnn,"two\nlines"\r\n', 'name | note\nAnn | two lines'],
    ['\ufeffname,age\nAnn\nBob,7,more\n', 'name | age | \nAnn |  | \nBob | 7 | more'],
  ])('reads %j', async (data, expected) => {
    const { texts, mimeType } = await readData(data, 'a.csv');
    expect(mimeType).toBe('text/csv');
    expect(texts.map(({ text }) => text)).toEqual([expected]);
  });

  it('reads GB18030', async () => {
    expect((await readData(BYTES.gb18030, 'a.csv')).texts[0]?.text).toBe(
      '姓名 | 城市 | 备注\n张三 | 北京 | 详消数据不全',
    );
  });
});

describe('readText', () => {
  it('joins lines wrapped by hand, and keeps the lines of a list', async () => {
    const { texts, title } = await readData(
      'Notes\n\nThis is a paragraph that somebody wrapped at\nabout fifty characters, as one does in plain text\nfiles.\n\n- one\n- two\n\n员工应当遵守公司各项规章制度，\n服从公司管理。\n',
      'a.txt',
    );
    expect(title).toBe('Notes');
    expect(texts.map(({ kind, text }) => [kind, text])).toEqual([
      ['paragraph', 'Notes'],
      [
        'paragraph',
        'This is a paragraph that somebody wrapped at about fifty characters, as one does in plain text files.',
      ],
      ['list', '- one\n- two'],
      ['paragraph', '员工应当遵守公司各项规章制度，服从公司管理。'],
    ]);
  });

  it('reads a line of a million characters in pieces, all of them', async () => {
    const { texts } = await readData('x'.repeat(1_000_003), 'a.txt');
    expect(texts.length).toBeGreaterThan(100);
    expect(texts.reduce((sum, { text }) => sum + text.length, 0)).toBe(1_000_003);
  });
});
