import { readFile } from 'node:fs/promises';
import { UserError } from '@midplane/kernel';
import sharp from 'sharp';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { OcrReader } from './ocr.reader.js';

const reader = new OcrReader({ maxPixels: 2e6, threads: 2 });
afterAll(() => reader.close());

// Droid Sans Fallback and DejaVu Sans on white: a heading, a Chinese and an English sentence, a table of 2 × 2.
const page = await readFile(new URL('./fixtures/leave-policy.png', import.meta.url));
const gif = await sharp(page).gif().toBuffer();
const vast = await sharp({ create: { width: 3000, height: 3000, channels: 3, background: '#fff' } })
  .png()
  .toBuffer();
const LINES = [
  '员工年休假管理办法',
  '工作满一年的员工每年享有十五天带薪年假。',
  'Employees receive fifteen days of paid leave.',
  'Grade',
  'Days',
  'Manager',
  '20',
];

const refusal = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'it was read',
    (error: unknown) => (error instanceof UserError ? error.problem : error),
  );

describe('OCR', () => {
  it('reads Chinese and English, cell by cell, top to bottom and left to right', async () => {
    const lines = await reader.read(new Blob([page], { type: 'image/png' }));
    expect(lines.map(({ text }) => text)).toEqual(LINES);
    for (const { confidence } of lines) expect(confidence).toBeGreaterThan(0.8);
  });

  it('frees its memory when nothing comes, and reads what comes afterwards', async () => {
    const brief = new OcrReader({ maxPixels: 2e6, threads: 2, idleMs: 1 });
    const read = async () => (await brief.read(new Blob([page]))).map(({ text }) => text);
    for (let round = 0; round < 2; round++) {
      expect(await read()).toEqual(LINES);
      await vi.waitUntil(() => !brief.loaded, 10_000);
    }
    // Two at once: the thread is not ended under the one that waits.
    expect(await Promise.all([read(), read()])).toEqual([LINES, LINES]);
    await brief.close();
  });

  it('says where each line stands, as shares of the sides', async () => {
    const lines = await reader.read(new Blob([page]));
    // "Days" begins at x 460 of 900, its baseline is at y 320 of 420.
    const [x, y, width, height] = lines[4]!.box;
    expect(x).toBeCloseTo(460 / 900, 1);
    expect(y).toBeLessThan(305 / 420);
    expect(y + height).toBeGreaterThan(318 / 420);
    expect(width).toBeLessThan(0.1);
  });

  it('reads a page that lies askew, as JPEG', async () => {
    const askew = await sharp(page).rotate(4, { background: '#ffffff' }).jpeg({ quality: 70 }).toBuffer();
    const lines = await reader.read(new Blob([askew]));
    expect(lines.map(({ text }) => text)).toEqual(expect.arrayContaining(LINES.slice(0, 3)));
  });

  it.each([90, 180, 270])('reads a page that was scanned turned by %i°, in its own order', async (angle) => {
    const lying = await sharp(page).rotate(angle).png().toBuffer();
    const lines = await reader.read(new Blob([lying]));
    expect(lines.map(({ text }) => text)).toEqual(LINES);
    const [x, y, width, height] = lines[0]!.box; // the heading, at the top left of the page
    const [cx, cy] = [x + width / 2, y + height / 2];
    const corner = { 90: [cx > 0.5, cy < 0.5], 180: [cx > 0.5, cy > 0.5], 270: [cx < 0.5, cy > 0.5] }[angle];
    expect(corner).toEqual([true, true]);
  });

  it('reads dark text on a transparent ground', async () => {
    const { data, info } = await sharp(page).greyscale().raw().toBuffer({ resolveWithObject: true });
    const ink = Buffer.alloc(info.width * info.height * 4);
    for (let i = 0; i < info.width * info.height; i += 1) ink[i * 4 + 3] = 255 - data[i * info.channels]!;
    const transparent = await sharp(ink, { raw: { width: info.width, height: info.height, channels: 4 } })
      .png()
      .toBuffer();
    const lines = await reader.read(new Blob([transparent]));
    expect(lines.map(({ text }) => text)).toEqual(LINES);
  });

  it('gives no lines for an empty page', async () => {
    const blank = await sharp({ create: { width: 400, height: 300, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    expect(await reader.read(new Blob([blank]))).toEqual([]);
  });

  it.each([
    ['random bytes', Buffer.from('not a picture at all, only text'), 'unsupported image format'],
    ['a picture cut off half-way', page.subarray(0, 3000), 'png'],
    ['a GIF', gif, 'gif, not PNG or JPEG'],
    ['too many pixels', vast, 'at most 2 million'],
  ])('refuses %s', async (_, bytes, detail) => {
    expect(await refusal(reader.read(new Blob([bytes])))).toMatchObject({
      code: 'INVALID_INPUT',
      params: { field: 'image', detail: expect.stringContaining(detail) as string },
    });
  });

  it('refuses a picture where too many wait', async () => {
    const gone = new AbortController();
    const waiting = Array.from({ length: 65 }, () => reader.read(new Blob([page]), gone.signal));
    expect(await refusal(reader.read(new Blob([page])))).toMatchObject({ code: 'MODEL_OVERLOADED' });
    gone.abort(new Error('gone'));
    await Promise.allSettled(waiting);
  });

  it('leaves out a picture whose caller has gone', async () => {
    const gone = new AbortController();
    const first = reader.read(new Blob([page]));
    const second = reader.read(new Blob([page]), gone.signal);
    gone.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    expect(await first).toHaveLength(LINES.length);
  });
});
