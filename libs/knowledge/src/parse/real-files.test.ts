import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Block, TextBlock } from './block.js';
import { readBlocks } from './block-file.js';
import { parseFile, type ParseResult } from './parse-file.js';
import { collect } from '../testing/read-data.js';

/** Files of other projects, which are not part of this one. */
const DOCUMENTS = fileURLToPath(new URL('../../../../../shared/data/documents/', import.meta.url));
const missing = !existsSync(DOCUMENTS);
if (missing) console.warn(`skipped: there are no real documents at ${DOCUMENTS}`);

interface Parsed extends ParseResult {
  blocks: Block[];
  texts: TextBlock[];
}

describe.skipIf(missing)('parseFile on real files', { timeout: 300_000 }, () => {
  let folder: string;
  let count = 0;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parse-real-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function parse(name: string): Promise<Parsed> {
    const workDir = await mkdtemp(join(folder, 'work-'));
    const outputPath = join(workDir, `blocks-${count++}.jsonl`);
    const result = await parseFile(
      { path: join(DOCUMENTS, name), fileName: basename(name) },
      { outputPath, workDir, deadlineMs: 120_000, maxRssBytes: 768 << 20 },
    );
    const blocks = await collect(readBlocks(outputPath));
    return { ...result, blocks, texts: blocks.filter((block) => block.kind !== 'scan') };
  }
  const words = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const textOf = (parsed: Parsed): string => parsed.texts.map((block) => block.text).join('\n');

  it('counts the pages as they are', async () => {
    const list = JSON.parse(readFileSync(join(DOCUMENTS, 'pdf/files.json'), 'utf8')) as {
      data: { path: string; pages: number; encrypted: boolean }[];
    };
    const known = list.data.filter(({ path }) => existsSync(join(DOCUMENTS, 'pdf', basename(path))));
    // One is damaged, as it lies there: half of it is zeros, with its page tree.
    const damaged = 'unreadablemetadata.pdf';
    let compared = 0;
    for (const { path, pages, encrypted } of known) {
      const name = join('pdf', basename(path));
      if (encrypted) await expect(parse(name)).rejects.toMatchObject({ code: 'FILE_PASSWORD' });
      else if (basename(path) === damaged)
        await expect(parse(name)).rejects.toMatchObject({ code: 'FILE_DAMAGED' });
      else {
        expect((await parse(name)).pageCount, name).toBe(pages);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(4);
  });

  it('reads every word of a paper, words cut at a line’s end made whole', async () => {
    const parsed = await parse('office/test.pdf');
    const expected = new Set(
      words(readFileSync(join(DOCUMENTS, 'office/test.md'), 'utf8').replace(/-\n/g, '')),
    );
    const read = new Set(words(textOf(parsed).replaceAll('-', '')));
    const wrong = [...expected].filter((word) => !read.has(word) && !word.includes('-'));
    expect(wrong.length / expected.size).toBeLessThan(0.05);
    expect(textOf(parsed)).toContain('There are at least three reasons confirming its general feasibility');
  });

  it('reads two columns one after the other, and the table behind them as a table', async () => {
    const { texts, title } = await parse('pdf/multicolumn.pdf');
    expect(title).toBe('Two-Column Document with Lorem Ipsum');
    const paragraph = texts.find(({ text }) => text.startsWith('Nulla malesuada porttitor diam'));
    // From the foot of the left column to the head of the right one.
    expect(paragraph?.text).toContain('Vivamus viverra fermentum felis. Donec nonummy pellentesque ante.');
    expect(texts.find(({ kind }) => kind === 'table')?.table?.header).toEqual([
      'Country',
      'Population (millions)',
      'Area (km2)',
      'Capital',
      'Official Language',
    ]);
    expect(texts.filter(({ text }) => /^\d$/.test(text))).toEqual([]);
  });

  it('finds the rows of an invoice', async () => {
    const { texts } = await parse('office/REPAIR-2022-INV-001_multipage.pdf');
    const rows = texts
      .flatMap(({ table }) => (table ? [table.header, ...table.rows] : []))
      .map((row) => row.filter((cell) => cell !== '').join(' | '));
    const expected = readFileSync(join(DOCUMENTS, 'office/REPAIR-2022-INV-001_multipage.md'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('|') && !/^\|[\s|-]+\|$/.test(line))
      .map((line) =>
        line
          .split('|')
          .map((cell) => cell.trim())
          .filter((cell) => cell !== '')
          .join(' | '),
      );
    const found = expected.filter((row) => rows.includes(row));
    expect(found.length / expected.length).toBeGreaterThanOrEqual(0.95);
  });

  it('gives the pages of a scan as pictures', async () => {
    const { blocks, scannedPages } = await parse('office/MEDRPT-2024-PAT-3847_medical_report_scan.pdf');
    expect(scannedPages).toBe(3);
    expect(
      blocks.map((block) => (block.kind === 'scan' ? [block.page, existsSync(block.image)] : block.kind)),
    ).toEqual([
      [1, true],
      [2, true],
      [3, true],
    ]);
  });

  it('reads a German book by its outline', async () => {
    const parsed = await parse('pdf/GeoTopo-komprimiert.pdf');
    expect(parsed.title).toBe('Geometrie und Topologie');
    const headings = parsed.texts.filter(({ kind }) => kind === 'heading');
    expect(headings.find(({ text }) => text === '1.1 Topologische Räume')).toMatchObject({
      level: 2,
      page: 6,
    });
    expect(textOf(parsed)).toContain('offene Teilmengen');
  });

  it('reads office files: headings, tables, slides, sheets, formulas', async () => {
    const docx = await parse('office/test.docx');
    expect(docx.texts.filter(({ kind }) => kind === 'heading').map(({ text }) => text)).toEqual(
      expect.arrayContaining(['Abstract', 'Introduction']),
    );
    expect(docx.texts.find(({ kind }) => kind === 'table')?.table?.rows[1]).toContain(
      '49e168b7-d2ae-407f-a055-2167576f39a1',
    );
    const pptx = await parse('office/test.pptx');
    expect(pptx).toMatchObject({ pageCount: 6 });
    expect(pptx.texts.find(({ kind }) => kind === 'table')).toMatchObject({
      page: 3,
      table: { header: ['ColA', 'ColB', 'ColC', 'ColD', 'ColE', 'ColF'] },
    });
    const xlsx = await parse('office/test.xlsx');
    expect(xlsx.texts[0]).toMatchObject({ kind: 'heading', text: 'Sheet1' });
    expect(textOf(xlsx)).toContain('6ff4173b-42a5-4784-9b19-f49caff4d93d');
    expect(textOf(await parse('office/equations.docx'))).toContain('sinθ=(mλ)/a');
  });

  it('reads Shift-JIS, and a web page without its menus', async () => {
    expect((await parse('office/test_mskanji.csv')).texts[0]?.table?.rows[0]).toEqual([
      '佐藤太郎',
      '30',
      '東京',
    ]);
    const page = await parse('office/test_wikipedia.html');
    expect(page.title).toBe('Microsoft - Wikipedia');
    expect(page.texts.find(({ text }) => text === 'History')).toMatchObject({ kind: 'heading', level: 2 });
    expect(textOf(page)).not.toContain('Jump to navigation');
  });

  it('knows what it cannot read', async () => {
    await expect(parse('office/random.bin')).rejects.toMatchObject({ code: 'FILE_TYPE_UNKNOWN' });
    await expect(parse('office/test.wav')).rejects.toMatchObject({
      code: 'FILE_TYPE_UNSUPPORTED',
      params: { type: 'WAV' },
    });
  });
});
