import { describe, expect, it } from 'vitest';

import { rowText, tableText, type Block, type TextBlock } from '../parse/block.js';
import { chunkBlocks, type ChunkDraft } from './chunk-blocks.js';
import { collect } from '../testing/read-data.js';

/** A token for each word and each Chinese character, and two around every text, as embedders have them. */
const countTokens = (texts: string[]): Promise<number[]> =>
  Promise.resolve(texts.map((text) => 2 + (text.match(/[\u4e00-\u9fff]|[^\s\u4e00-\u9fff]+/g)?.length ?? 0)));

async function chunk(blocks: Block[], maxTokens = 40, minTokens = 12): Promise<ChunkDraft[]> {
  return collect(chunkBlocks(blocks, { countTokens, maxTokens, minTokens }));
}

const heading = (level: number, text: string): TextBlock => ({ kind: 'heading', level, text });
const paragraph = (text: string): TextBlock => ({ kind: 'paragraph', text });
const words = (count: number, prefix = 'word'): string =>
  Array.from({ length: count }, (_, at) => `${prefix}${at}`).join(' ');
function table(header: string[], rows: string[][]): TextBlock {
  return { kind: 'table', text: tableText({ header, rows }), table: { header, rows } };
}

describe('chunkBlocks', () => {
  it('gives each section that is large enough a chunk with its headings', async () => {
    const chunks = await chunk([
      heading(1, 'Rules'),
      heading(2, 'Leave'),
      paragraph(words(20)),
      heading(2, 'Travel'),
      paragraph(words(20, 'trip')),
    ]);
    expect(chunks).toMatchObject([
      { ordinal: 0, headings: ['Rules', 'Leave'], text: words(20), tokens: 20 },
      { ordinal: 1, headings: ['Rules', 'Travel'], text: words(20, 'trip') },
    ]);
  });

  it('puts small neighbours under one parent together, their headings in the text', async () => {
    const chunks = await chunk([
      heading(1, 'Rules'),
      heading(2, 'Leave'),
      paragraph('Ten days.'),
      heading(2, 'Travel'),
      paragraph('By train.'),
    ]);
    expect(chunks).toMatchObject([
      { headings: ['Rules'], text: 'Leave\n\nTen days.\n\nTravel\n\nBy train.' },
    ]);
  });

  it('never crosses a heading of a higher level, however small what is before it', async () => {
    const chunks = await chunk([
      heading(1, 'One'),
      heading(2, 'Deep'),
      paragraph('Small.'),
      heading(1, 'Two'),
      paragraph('Small too.'),
    ]);
    expect(chunks.map(({ headings, text }) => [headings, text])).toEqual([
      [['One', 'Deep'], 'Small.'],
      [['Two'], 'Small too.'],
    ]);
  });

  it('keeps a heading that nothing follows', async () => {
    const chunks = await chunk([heading(1, 'Rules'), heading(2, 'Void'), heading(1, 'End')]);
    expect(chunks.map(({ headings, text }) => [headings, text])).toEqual([
      [['Rules'], 'Void'],
      [[], 'End'],
    ]);
  });

  it('cuts a long paragraph between sentences, Chinese at Chinese marks', async () => {
    const sentence = '员工每年享有十五天带薪年假。';
    const chunks = await chunk([paragraph(sentence.repeat(9))], 40, 12);
    expect(chunks.length).toBeGreaterThan(2);
    for (const { text, tokens } of chunks) {
      expect(text).toMatch(/^(?:员工每年享有十五天带薪年假。)+$/);
      expect(tokens).toBeLessThanOrEqual(40);
    }
    expect(chunks.map(({ text }) => text).join('')).toBe(sentence.repeat(9));
  });

  it('leaves no crumb at the end of a section', async () => {
    const sentences = Array.from({ length: 9 }, (_, at) => `Sentence number ${at} has eight words in it.`);
    const chunks = await chunk([paragraph(sentences.join(' '))], 40, 16);
    expect(chunks.length).toBe(2);
    for (const { tokens } of chunks) expect(tokens).toBeGreaterThanOrEqual(16);
  });

  it('keeps a table whole where it fits, after a full chunk too', async () => {
    const cells = table(
      ['Item', 'Price'],
      [
        ['Pump', '10'],
        ['Valve', '20'],
      ],
    );
    const chunks = await chunk([paragraph(words(36)), cells]);
    expect(chunks.map(({ text }) => text)).toEqual([words(36), cells.text]);
  });

  it('repeats the header in each part of a long table', async () => {
    const rows = Array.from({ length: 30 }, (_, at) => [`Item${at}`, String(at)]);
    const chunks = await chunk([table(['Name', 'Amount'], rows)]);
    expect(chunks.length).toBeGreaterThan(2);
    for (const { text, tokens } of chunks) {
      expect(text.startsWith('Name | Amount\n')).toBe(true);
      expect(tokens).toBeLessThanOrEqual(40);
    }
    expect(chunks.flatMap(({ text }) => text.split('\n').slice(1))).toEqual(rows.map(rowText));
  });

  it('cuts a sentence without end at commas, else anywhere, and never within a character', async () => {
    const chunks = await chunk(
      [paragraph('这是一个没有句号的长句，'.repeat(12)), paragraph('😀'.repeat(50))],
      20,
      4,
    );
    expect(
      chunks
        .map(({ text }) => text)
        .join('')
        .replace(/\s/g, ''),
    ).toBe('这是一个没有句号的长句，'.repeat(12) + '😀'.repeat(50));
    for (const { text } of chunks) expect(text.isWellFormed()).toBe(true);
  });

  it('knows the page and the boxes of exactly its own lines', async () => {
    const one = 'The first sentence is here.';
    const two = 'The second one is on the next page.';
    const text = `${one} ${two}`;
    const block: TextBlock = {
      ...paragraph(text),
      page: 3,
      lines: [
        { start: 0, end: one.length, page: 3, box: [72, 700, 200, 10] },
        { start: one.length + 1, end: text.length, page: 4, box: [72, 60, 220, 10] },
      ],
    };
    const chunks = await chunk([block], 9, 1);
    expect(chunks.map(({ page, boxes }) => ({ page, boxes }))).toEqual([
      { page: 3, boxes: [{ page: 3, box: [72, 700, 200, 10], start: 0, end: one.length }] },
      { page: 4, boxes: [{ page: 4, box: [72, 60, 220, 10], start: 0, end: two.length }] },
    ]);
    const [whole] = await chunk([block]);
    expect(whole?.boxes.map(({ start, end }) => whole.text.slice(start, end))).toEqual([one, two]);
  });

  it('knows where in its text each line stands, under headings and over cut sentences', async () => {
    const lines = ['the first line of a sentence,', 'and its second, without end,', 'and a third one.'];
    const text = lines.join(' ');
    let at = 0;
    const block: TextBlock = {
      ...paragraph(text),
      lines: lines.map((line) => {
        const start = at;
        at += line.length + 1;
        return { start, end: start + line.length, page: 1, box: [0, start, 100, 10] };
      }),
    };
    const blocks = [heading(1, 'Part one'), paragraph('Before it.'), heading(2, 'Part two'), block];
    for (const size of [9, 200]) {
      const placed = (await chunk(blocks, size, 1)).flatMap((each) =>
        each.boxes.map(({ start, end }) => each.text.slice(start, end)),
      );
      expect(placed.join(' ').replace(/ +/g, ' ')).toBe(text);
      if (size === 200) expect(placed).toEqual(lines);
    }
  });

  it('counts many texts in a call', async () => {
    let calls = 0;
    const blocks = Array.from({ length: 500 }, (_, at) =>
      paragraph(`Paragraph ${at} is short. It has two sentences.`),
    );
    const chunks = await collect(
      chunkBlocks(blocks, { countTokens: (texts) => (calls++, countTokens(texts)) }),
    );
    expect(chunks.length).toBeGreaterThan(5);
    expect(calls).toBeLessThan(10);
  });

  it('reads no further ahead than a batch', async () => {
    let read = 0;
    const endless = function* (): Generator<Block> {
      for (;;) yield paragraph(`Paragraph ${read++} goes on for a while, so that chunks are filled with it.`);
    };
    let taken = 0;
    for await (const draft of chunkBlocks(endless(), { countTokens })) {
      expect(draft.ordinal).toBe(taken);
      if (++taken === 50) break;
    }
    expect(read).toBeLessThan(50 * 40 + 1000);
  });

  it('neither loses nor doubles a word, keeps the limit and the rule of headings, whatever the document', async () => {
    let seed = 11;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return Math.floor((seed / 2147483648) * below);
    };
    for (let round = 0; round < 120; round++) {
      let next = 0;
      const unique = (prefix: string): string => `${prefix}${next++}`;
      const level = new Map<string, number>();
      const headings = new Set<string>();
      const blocks = Array.from({ length: 1 + random(25) }, (): Block => {
        const kind = random(10);
        if (kind < 4) {
          const block = heading(1 + random(4), unique('h'));
          headings.add(block.text);
          level.set(block.text, block.level ?? 0);
          return block;
        }
        if (kind < 5)
          return table(
            [unique('c'), unique('c')],
            Array.from({ length: random(20) }, () => [unique('w'), unique('w')]),
          );
        return paragraph(
          Array.from(
            { length: 1 + random(6) },
            () => `${Array.from({ length: 1 + random(30) }, () => unique('w')).join(' ')}. X.`,
          ).join(' '),
        );
      });
      const maxTokens = 15 + random(60);
      const chunks = await chunk(blocks, maxTokens, random(40));
      const expected = blocks.flatMap((block) =>
        block.kind === 'scan' || block.kind === 'heading' ? [] : (block.text.match(/w\d+/g) ?? []),
      );
      expect(chunks.flatMap(({ text }) => text.match(/w\d+/g) ?? [])).toEqual(expected);
      for (const each of headings)
        expect(
          chunks.some((draft) => draft.headings.includes(each) || draft.text.split('\n').includes(each)),
        ).toBe(true);
      for (const draft of chunks) {
        expect(draft.tokens).toBeLessThanOrEqual(maxTokens);
        const inside = draft.text
          .split('\n')
          .filter((line) => headings.has(line))
          .map((line) => level.get(line) ?? 0);
        // In the text, no heading is higher than the one before it, nor than the chunk's own.
        const own = draft.headings.map((each) => level.get(each) ?? 0).at(-1) ?? 0;
        for (const [at, each] of inside.entries()) {
          expect(each).toBeGreaterThanOrEqual(inside[at - 1] ?? 0);
          expect(each).toBeGreaterThan(own);
        }
      }
    }
  });
});
