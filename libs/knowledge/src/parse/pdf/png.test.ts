import sharp from 'sharp';
import { expect, it } from 'vitest';

import { encodePng } from './png.js';

it.each([
  ['grey', [90, 90, 90, 0], 1],
  ['colour', [10, 120, 230, 0], 3],
])('writes a picture in %s that other programs read', async (_, pixel, channels) => {
  const [width, height, stride] = [5, 4, 24];
  const pixels = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      pixels.set(
        pixel.map((value) => (value === 0 ? 0 : value + x + y)),
        y * stride + x * 4,
      );
  const { data, info } = await sharp(encodePng({ width, height, stride, pixels }))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(info).toMatchObject({ width, height });
  const at = (2 * width + 3) * info.channels;
  const [blue = 0, green = 0, red = 0] = pixel;
  expect([...data.subarray(at, at + info.channels)]).toEqual(
    channels === 1 && info.channels === 1 ? [red + 5] : [red + 5, green + 5, blue + 5],
  );
});
