import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandError } from '../client/client.js';
import { readRatedQuestions } from './rated-questions.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'midplane-questions-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(name: string, content: string) {
  const file = join(folder, name);
  await writeFile(file, content);
  return readRatedQuestions(file);
}

describe('rated questions', () => {
  it('are read from JSON Lines', async () => {
    expect(
      await read(
        'a.jsonl',
        '\uFEFF{"question": "年假有几天？", "documentTitle": "员工手册", "page": 3}\r\n\n{"question":"Who?","text":"the lead","note":1}\n',
      ),
    ).toEqual([
      { question: '年假有几天？', documentTitle: '员工手册', page: 3 },
      { question: 'Who?', text: 'the lead' },
    ]);
  });

  it('are read from CSV by the names of its columns', async () => {
    expect(
      await read(
        'a.csv',
        'question,documentTitle,page,text\n"Who, and when?",handbook.md,2,\n"几天？",,,"十五天\n带薪"\n',
      ),
    ).toEqual([
      { question: 'Who, and when?', documentTitle: 'handbook.md', page: 2 },
      { question: '几天？', text: '十五天\n带薪' },
    ]);
  });

  it.each([
    ['a line that is no JSON', 'b.jsonl', '{"question":"a","text":"b"}\n{question}\n', 'line 2'],
    ['a JSON value that is no object', 'b.jsonl', '["a","b"]', 'line 1'],
    ['a line without a question', 'b.csv', 'question,text\nWho?,a\n,b\n', 'line 3'],
    ['a question without a right passage', 'b.jsonl', '{"question":"a","page":2}', 'right passage'],
    ['a page that is none', 'b.csv', 'question,text,page\nWho?,a,0\n', '"0" is no page'],
    ['a row of another length', 'b.csv', 'question,text\nWho?\n', 'line 2'],
  ])('are refused for %s, with the place', async (_, name, content, said) => {
    const failure = await read(name, content).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CommandError);
    expect((failure as Error).message).toContain(said);
  });

  it('say so where the file is missing', async () => {
    await expect(readRatedQuestions(join(folder, 'none.csv'))).rejects.toThrow('none.csv');
  });
});
