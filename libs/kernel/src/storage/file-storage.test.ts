import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { type FakeS3, fakeS3 } from '@midplane/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FileStorage } from './file-storage.port.js';
import { FolderStorage } from './folder.storage.js';
import { S3Storage } from './s3.storage.js';

const MIB = 1024 * 1024;
const bucket = 'files';

let s3: FakeS3;
let folder: string;

beforeAll(async () => {
  s3 = await fakeS3();
});
afterAll(() => s3.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'midplane-files-'));
  s3.objects.clear();
});
afterEach(() => rm(folder, { recursive: true }));

const openFolder = () => new FolderStorage(folder);
const openS3 = () => new S3Storage({ ...s3, region: 'us-east-1', bucket });

/** Everything that the storage holds, finished or not. */
const inFolder = async () =>
  (await readdir(folder, { recursive: true, withFileTypes: true })).map((entry) => entry.name);
const inS3 = async () => [
  ...s3.objects.keys(),
  ...Array.from({ length: s3.unfinishedUploads() }, () => 'unfinished upload'),
];

describe.each([
  { kind: 'a folder', open: openFolder as () => FileStorage, held: inFolder },
  { kind: 'S3', open: openS3 as () => FileStorage, held: inS3 },
])('files in $kind', ({ open, held }) => {
  let storage: FileStorage;

  beforeEach(async () => {
    storage = open();
    await storage.check();
  });

  const write = (key: string, bytes: Buffer | string, maxBytes = 100 * MIB) =>
    storage.write(key, Readable.from([Buffer.from(bytes)]), { maxBytes });
  const listed = async (prefix: string) => (await Array.fromAsync(storage.list(prefix))).toSorted();

  it.each([0, 1, 5 * MIB, 21 * MIB + 7])(
    'give %i bytes back as they came, counted and hashed',
    async (size) => {
      const bytes = randomBytes(size);
      const pieces = Readable.from(cut(bytes, 65_536));
      const written = await storage.write('tenant/document/original', pieces, { maxBytes: size });
      expect(written).toEqual({
        sizeBytes: size,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      });
      const back = await buffer(await storage.read('tenant/document/original'));
      expect(back.equals(bytes)).toBe(true);
    },
  );

  it('put a new file in the place of an old one', async () => {
    await write('t/a', 'old');
    await write('t/a', 'new');
    expect(await text(await storage.read('t/a'))).toBe('new');
    expect(await listed('t/')).toEqual(['t/a']);
  });

  it.each([10, 9 * MIB])('refuse a file of more than %i bytes and keep nothing of it', async (maxBytes) => {
    let given = 0;
    const endless = Readable.from(
      (function* () {
        for (;;) {
          given += 65_536;
          yield Buffer.alloc(65_536);
        }
      })(),
    );
    await expect(storage.write('t/large', endless, { maxBytes })).rejects.toMatchObject({
      code: 'FILE_TOO_LARGE',
    });
    expect(given).toBeLessThan(maxBytes + 4 * MIB);
    expect(endless.destroyed).toBe(true);
    expect(await held()).toEqual([]);
  });

  it('keep the old file where a new one is too large', async () => {
    await write('t/a', 'old');
    await expect(write('t/a', 'much too large', 3)).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' });
    expect(await text(await storage.read('t/a'))).toBe('old');
  });

  it.each([100, 12 * MIB])('keep nothing of an upload that breaks off after %i bytes', async (size) => {
    const broken = Readable.from(
      (function* () {
        yield* cut(Buffer.alloc(size), 65_536);
        throw new Error('connection reset');
      })(),
    );
    await expect(storage.write('t/broken', broken, { maxBytes: 100 * MIB })).rejects.toThrow(
      'connection reset',
    );
    expect(await held()).toEqual([]);
  });

  it('keep nothing of an upload that is cancelled', async () => {
    const cancel = new AbortController();
    const slow = Readable.from(
      (async function* () {
        yield Buffer.alloc(9 * MIB);
        cancel.abort(new Error('cancelled'));
        yield Buffer.alloc(9 * MIB);
        await new Promise(() => undefined);
      })(),
    );
    await expect(
      storage.write('t/slow', slow, { maxBytes: 100 * MIB, signal: cancel.signal }),
    ).rejects.toThrow();
    expect(slow.destroyed).toBe(true);
    expect(await held()).toEqual([]);
  });

  it('fail for a key that is not there', async () => {
    await expect(storage.read('t/none')).rejects.toThrow();
  });

  it('list what begins with a prefix, over pages', async () => {
    for (let n = 0; n < 8; n++) await write(`t1/d${n}/blocks`, `${n}`);
    await write('t10/d0/blocks', 'another tenant');
    expect(await listed('t1/')).toEqual(Array.from({ length: 8 }, (_, n) => `t1/d${n}/blocks`));
    expect(await listed('t1/d3')).toEqual(['t1/d3/blocks']);
    expect(await listed('nobody/')).toEqual([]);
  });

  it('delete keys and prefixes, and nothing beside them', async () => {
    for (const key of ['t1/a', 't1/b', 't1/d/x', 't1/d/y', 't1/d2/z', 't10/a']) await write(key, key);
    await storage.delete(['t1/a', 't1/not-there']);
    await storage.deletePrefix('t1/d/');
    expect(await listed('t1')).toEqual(['t1/b', 't1/d2/z', 't10/a']);
    await storage.deletePrefix('t1/');
    expect(await listed('t1')).toEqual(['t10/a']);
  });

  it.each(['../secret', 'a/../../b', '/etc/passwd', 'a//b', '', '.hidden', 'a/./b', 'a\\b', 'a\0b', 'a b'])(
    'refuse the key %j',
    async (key) => {
      await expect(write(key, 'x')).rejects.toThrow('Not a storage key');
      await expect(storage.read(key)).rejects.toThrow('Not a storage key');
      await expect(storage.delete([key])).rejects.toThrow('Not a storage key');
      await expect(listed(key)).rejects.toThrow('Not a storage key');
      expect(await held()).toEqual([]);
    },
  );
});

describe('files in a folder', () => {
  it('can be read by their owner alone', async () => {
    const storage = openFolder();
    await storage.write('t/d/a', Readable.from(['x']), { maxBytes: 10 });
    expect((await stat(join(folder, 't/d/a'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 't/d'))).mode & 0o777).toBe(0o700);
  });

  it('leave no empty folders when they are deleted', async () => {
    const storage = openFolder();
    await storage.write('t/d/a', Readable.from(['x']), { maxBytes: 10 });
    await storage.deletePrefix('t/');
    expect(await inFolder()).toEqual([]);
  });

  it('are found at the next start where a process was killed while it wrote, and removed when they are old', async () => {
    const storage = openFolder();
    const yesterday = new Date(Date.now() - 2 * 86_400_000);
    await writeFile(join(folder, '.unfinished-old'), 'x');
    await utimes(join(folder, '.unfinished-old'), yesterday, yesterday);
    await writeFile(join(folder, '.unfinished-new'), 'x');
    await storage.check();
    expect(await inFolder()).toEqual(['.unfinished-new']);
  });

  it.skipIf(process.getuid?.() === 0)('say so where they cannot be written', async () => {
    await chmod(folder, 0o500);
    await expect(openFolder().check()).rejects.toThrow('EACCES');
    await chmod(folder, 0o700);
  });
});

describe('files in S3', () => {
  const write = (storage: FileStorage, size: number) =>
    storage.write('t/a', Readable.from(cut(Buffer.alloc(size), 65_536)), { maxBytes: 100 * MIB });

  it.each([
    ['PutObject', 10],
    ['CreateMultipartUpload', 20 * MIB],
    ['UploadPart', 20 * MIB],
    ['CompleteMultipartUpload', 20 * MIB],
  ] as const)('arrive though %s fails once', async (operation, size) => {
    const storage = openS3();
    await storage.check();
    s3.failNext(operation, 1);
    expect((await write(storage, size)).sizeBytes).toBe(size);
    expect(s3.objects.get(`${bucket}/t/a`)?.length).toBe(size);
  });

  it('are an operational error, and leave nothing, while the storage refuses', async () => {
    const storage = openS3();
    await storage.check();
    s3.failNext('UploadPart', 1_000);
    await expect(write(storage, 20 * MIB)).rejects.toMatchObject({ name: 'OperationalError' });
    s3.failNext('UploadPart', 0);
    expect(await inS3()).toEqual([]);
  });

  it('say that the storage refuses a wrong key', async () => {
    const storage = new S3Storage({ ...s3, accessKeyId: 'other', region: 'us-east-1', bucket });
    await expect(storage.check()).rejects.toMatchObject({ name: 'OperationalError' });
  });

  it('say that the storage cannot be reached', async () => {
    const storage = new S3Storage({ ...s3, endpoint: 'http://127.0.0.1:1', region: 'us-east-1', bucket });
    await expect(storage.read('t/a')).rejects.toThrow('The file storage failed');
  });
});

function* cut(bytes: Buffer, size: number): Generator<Buffer> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}
