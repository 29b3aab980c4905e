import { crc32, deflateSync } from 'node:zlib';

import type { Picture } from './pdfium.js';

/**
 * @returns the picture as PNG, in grey where it has no colour. (PNG, third edition, sections 5 and 9; filter type
 * "up". Native image libraries don't load in the parser's process.)
 */
export function encodePng(picture: Picture): Buffer {
  const { width, height, pixels, stride } = picture;
  const channels = isGrey(picture) ? 1 : 3;
  const raw = Buffer.alloc(height * (1 + width * channels));
  for (let y = 0; y < height; y++) {
    const out = y * (1 + width * channels);
    raw[out] = 2;
    for (let x = 0; x < width; x++) {
      const at = y * stride + x * 4;
      for (let channel = 0; channel < channels; channel++) {
        const from = at + 2 - channel;
        const above = y === 0 ? 0 : (pixels[from - stride] ?? 0);
        raw[out + 1 + x * channels + channel] = ((pixels[from] ?? 0) - above) & 255;
      }
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, channels === 1 ? 0 : 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(raw, { level: 3 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function isGrey({ width, height, pixels, stride }: Picture): boolean {
  for (let y = 0; y < height; y++)
    for (let at = y * stride; at < y * stride + width * 4; at += 4)
      if (pixels[at] !== pixels[at + 1] || pixels[at] !== pixels[at + 2]) return false;
  return true;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
