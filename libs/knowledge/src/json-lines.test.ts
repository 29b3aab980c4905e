import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readJsonLines, writeJsonLines } from './json-lines.js';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'json-lines-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

test('what was written is read again, whatever characters stand in it', async () => {
  const path = join(folder, 'values.jsonl');
  const values = ['a\nb\r\nc', 'line\u2028and\u2029paragraph\u0085', '好'.repeat(100_000), { deep: ['😀'] }];
  const count = await writeJsonLines(
    path,
    (async function* () {
      yield* values;
    })(),
  );
  const read: unknown[] = [];
  for await (const value of readJsonLines(path)) read.push(value);
  expect(count).toBe(values.length);
  expect(read).toEqual(values);
});
