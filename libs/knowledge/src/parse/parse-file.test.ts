import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { bookPages, bookReference, makeDocx, makePdf, makeXlsx, makeZip } from '@midplane/testing/documents';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Block } from './block.js';
import { readBlocks } from './block-file.js';
import { childFlags } from './child-process.js';
import { ParseError } from './parse-error.js';
import { parseFile, type ParseOptions, type ParseResult } from './parse-file.js';
import { collect } from '../testing/read-data.js';

let folder: string;
let workDir: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parse-test-'));
  workDir = await mkdtemp(join(folder, 'work-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function parse(
  data: string | Uint8Array,
  fileName: string,
  limits: Partial<ParseOptions> = {},
): Promise<ParseResult & { blocks: Block[] }> {
  const path = join(folder, 'upload');
  await writeFile(path, data);
  const outputPath = join(workDir, 'blocks.jsonl');
  const result = await parseFile(
    { path, fileName },
    { outputPath, workDir, deadlineMs: 60_000, maxRssBytes: 768 << 20, ...limits },
  );
  return { ...result, blocks: await collect(readBlocks(outputPath)) };
}

async function failure(
  data: string | Uint8Array,
  fileName: string,
  limits: Partial<ParseOptions> = {},
): Promise<ParseError> {
  const error: unknown = await parse(data, fileName, limits).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ParseError);
  expect(await readdir(workDir)).toEqual([]);
  return error as ParseError;
}

const text = (blocks: readonly Block[]): string =>
  blocks.map((block) => (block.kind === 'scan' ? '' : block.text)).join('\n');

describe('parseFile', () => {
  it('reads a PDF into blocks with pages and the places of lines', async () => {
    const { blocks, ...result } = await parse(
      makePdf({ pages: bookPages({ pages: 12 }), title: 'Operations Handbook' }),
      'handbook.pdf',
    );
    expect(result).toMatchObject({
      mimeType: 'application/pdf',
      title: 'Operations Handbook',
      pageCount: 12,
      blockCount: blocks.length,
      scannedPages: 0,
    });
    expect(result.peakRssBytes).toBeGreaterThan(0);
    for (let page = 1; page <= 12; page++)
      expect(text(blocks.filter((block) => block.page === page))).toContain(
        `The reference of page ${page} is ${bookReference(page)}.`,
      );
  });

  it('reads 400 pages in little more memory than one', async () => {
    const { blocks, pageCount } = await parse(makePdf({ pages: bookPages({ pages: 400 }) }), 'book.pdf', {
      maxRssBytes: 320 << 20,
      deadlineMs: 300_000,
    });
    expect(pageCount).toBe(400);
    expect(text(blocks).match(/The reference of page \d+ is R-\d+\./g)).toHaveLength(400);
  }, 300_000);

  it('makes a title one clean line', async () => {
    const { title } = await parse(
      makePdf({ pages: bookPages({ pages: 1 }), title: 'Annual\u0000 \u0007report\r\n\u202e2024\u0085' }),
      'a.pdf',
    );
    expect(title).toBe('Annual report 2024');
  });

  describe('refuses, with a code that a person can be told', () => {
    it.each<[string, string | Uint8Array, string, Partial<ParseError>]>([
      ['an empty file', '', 'a.pdf', { code: 'FILE_EMPTY', retryable: false }],
      ['white space only', ' \n\t\n', 'a.txt', { code: 'FILE_EMPTY' }],
      [
        'random bytes named .pdf',
        randomBytes(4096),
        'a.pdf',
        { code: 'FILE_TYPE_UNKNOWN', retryable: false },
      ],
      [
        'a PDF behind a password',
        makePdf({ pages: bookPages({ pages: 1 }), locked: true }),
        'a.pdf',
        { code: 'FILE_PASSWORD', params: { type: 'PDF' } },
      ],
      [
        'a PDF cut short',
        makePdf({ pages: bookPages({ pages: 3 }) }).subarray(0, 40),
        'a.pdf',
        { code: 'FILE_DAMAGED' },
      ],
      ['a DOCX cut short', makeDocx({ body: ['text'] }).subarray(0, 900), 'a.docx', { code: 'FILE_DAMAGED' }],
      [
        'a DOCX with broken XML',
        makeDocx({ body: ['text', { xml: '<w:p><w:r>' }] }),
        'a.docx',
        { code: 'FILE_DAMAGED', params: { type: 'DOCX' } },
      ],
      [
        'a DOCX with a document type',
        makeDocx({
          body: [],
          parts: [
            {
              name: 'word/document.xml',
              data: '<!DOCTYPE x [<!ENTITY a "aaaa">]><document><body><p><r><t>&a;</t></r></p></body></document>',
            },
          ],
        }),
        'a.docx',
        { code: 'FILE_DAMAGED' },
      ],
      [
        'a DOCX nested too deep',
        makeDocx({ body: [{ xml: '<w:p>'.repeat(2000) + '</w:p>'.repeat(2000) }] }),
        'a.docx',
        { code: 'FILE_TOO_DEEP' },
      ],
      [
        'a zip bomb inside an XLSX',
        makeXlsx({ sheets: [], parts: [bombEntry({})] }),
        'a.xlsx',
        { code: 'ARCHIVE_BOMB', retryable: false },
      ],
      [
        'a zip bomb that lies about its size',
        makeXlsx({ sheets: [{ name: 'A', rows: [] }], parts: [bombEntry({ declaredSize: 5000 })] }),
        'a.xlsx',
        { code: 'ARCHIVE_BOMB' },
      ],
      [
        'a ZIP with more files than a document has',
        makeZip([
          { name: 'xl/workbook.xml', data: '' },
          ...Array.from({ length: 20_001 }, (_, at) => ({ name: `x${at}`, data: '' })),
        ]),
        'a.xlsx',
        { code: 'ARCHIVE_BOMB' },
      ],
      [
        'another kind of archive',
        makeZip([{ name: 'a.txt', data: 'text' }]),
        'a.docx',
        { code: 'FILE_TYPE_UNSUPPORTED', params: { type: 'ZIP' } },
      ],
      [
        'a picture',
        Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex'),
        'a.txt',
        { code: 'FILE_TYPE_UNSUPPORTED', params: { type: 'PNG' } },
      ],
      [
        'HTML nested 100,000 deep',
        `<html><body>${'<div>'.repeat(100_000)}text`,
        'a.html',
        { code: 'FILE_TOO_DEEP' },
      ],
      ['a document without a word', makeDocx({ body: [] }), 'a.docx', { code: 'NO_TEXT' }],
    ])('%s', async (_, data, name, expected) => {
      expect(await failure(data, name)).toMatchObject(expected);
    });
  });

  it('stops a PDF whose stream inflates to a gigabyte at the limit of memory', async () => {
    const error = await failure(makePdf({ pages: bookPages({ pages: 1 }), inflatesBy: 1 << 30 }), 'a.pdf', {
      maxRssBytes: 400 << 20,
    });
    expect(error).toMatchObject({ code: 'PARSE_MEMORY', retryable: true, params: { megabytes: 400 } });
  });

  it('stops at the deadline', async () => {
    const error = await failure(makePdf({ pages: bookPages({ pages: 400 }) }), 'a.pdf', { deadlineMs: 300 });
    expect(error).toMatchObject({ code: 'PARSE_TIMEOUT', retryable: true });
  });

  // Finds the process where Linux lists a process's children.
  it.skipIf(!existsSync('/proc/self/task'))('survives the death of the process that parses', async () => {
    const parsing = failure(makePdf({ pages: bookPages({ pages: 400 }) }), 'a.pdf');
    const children = `/proc/${process.pid}/task/${process.pid}/children`;
    const parsers = (): number[] =>
      readFileSync(children, 'latin1')
        .trim()
        .split(' ')
        .filter((pid) => pid !== '' && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(workDir))
        .map(Number);
    await vi.waitUntil(() => parsers().length > 0, { timeout: 30_000 });
    for (const pid of parsers()) process.kill(pid, 'SIGSEGV');
    expect(await parsing).toMatchObject({ code: 'PARSE_CRASHED', retryable: true });
  });

  it('lets that process read and write nothing else, and start nothing', async () => {
    const file = join(folder, 'upload');
    const other = join(folder, 'other');
    for (const path of [file, other]) await writeFile(path, 'text');
    const attempt = (code: string): Promise<string> =>
      promisify(execFile)(
        process.execPath,
        [
          ...childFlags(file, workDir, 256 << 20),
          '--input-type=module',
          '-e',
          `import fs from 'node:fs'; import cp from 'node:child_process'; import wt from 'node:worker_threads'; try { ${code}; console.log('done'); } catch (error) { console.log(error.code); }`,
        ],
        { cwd: workDir, env: {} },
      ).then(({ stdout }) => stdout.trim());
    expect(await attempt(`fs.readFileSync(${JSON.stringify(file)})`)).toBe('done');
    expect(await attempt(`fs.writeFileSync(${JSON.stringify(join(workDir, 'a'))}, '')`)).toBe('done');
    for (const code of [
      `fs.readFileSync(${JSON.stringify(other)})`,
      `fs.writeFileSync(${JSON.stringify(other)}, '')`,
      "fs.readdirSync('/etc')",
      "cp.execSync('true')",
      "new wt.Worker('0', { eval: true })",
    ])
      expect(await attempt(code), code).toBe('ERR_ACCESS_DENIED');
  });

  it('stops when the caller gives up, and does not begin after that', async () => {
    const stop = new AbortController();
    setTimeout(() => {
      stop.abort();
    }, 300);
    expect(
      await failure(makePdf({ pages: bookPages({ pages: 400 }) }), 'a.pdf', { signal: stop.signal }),
    ).toMatchObject({ code: 'PARSE_CANCELLED' });
    expect(await failure('text', 'a.txt', { signal: stop.signal })).toMatchObject({
      code: 'PARSE_CANCELLED',
    });
  });
});

function bombEntry(more: { declaredSize?: number }): Parameters<typeof makeZip>[0][number] {
  return {
    name: 'xl/worksheets/sheet1.xml',
    data: '<row><c><v>0</v></c></row>'.repeat(40_000),
    repeat: 2000,
    ...more,
  };
}

function randomBytes(length: number): Buffer {
  let state = 42;
  return Buffer.from(
    Array.from({ length }, () => ((state = (state * 1103515245 + 12345) % 2147483648) >>> 16) & 255),
  );
}
