import type { Locale } from '@midplane/contracts';
import sharp from 'sharp';

/** Pixels of three bytes, red, green, blue, row after row. */
export interface Picture {
  width: number;
  height: number;
  pixels: Uint8Array;
}

/** A picture that is not taken, and why, in both languages that people read. */
export class PictureError extends Error {
  override readonly name = 'PictureError';
  readonly texts: Record<Locale, string>;

  constructor(texts: Record<Locale, string>) {
    super(texts.en);
    this.texts = texts;
  }
}

/**
 * Decodes a PNG or JPEG, turned upright as its EXIF data says, on white where it is transparent.
 * @param maxPixels a larger picture is refused before it is decoded
 * @throws PictureError saying why it is not taken; Error of the decoder where it is damaged
 */
export async function readPicture(bytes: Uint8Array, maxPixels: number): Promise<Picture> {
  const { format, width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
  if (format !== 'png' && format !== 'jpeg') {
    throw new PictureError({
      en: `the picture is ${format}, not PNG or JPEG`,
      zh: `图片格式为 ${format}，应为 PNG 或 JPEG`,
    });
  }
  if (width * height > maxPixels) {
    throw new PictureError({
      en: `the picture has ${width} × ${height} pixels; at most ${maxPixels / 1e6} million are read`,
      zh: `图片为 ${width} × ${height} 像素，最多可读取 ${maxPixels / 1e6} 百万像素`,
    });
  }
  const { data, info } = await sharp(bytes, { limitInputPixels: false })
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, pixels: data };
}

/** @returns the same picture with other sides */
export async function resize(
  { width, height, pixels }: Picture,
  to: { width: number; height: number },
): Promise<Picture> {
  const { data } = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize({ ...to, fit: 'fill' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { ...to, pixels: data };
}
