import sharp from 'sharp';

/** Pixels of three bytes, red, green, blue, row after row. */
export interface Picture {
  width: number;
  height: number;
  pixels: Uint8Array;
}

/**
 * Decodes a PNG or JPEG, turned upright as its EXIF data says, on white where it is transparent.
 * @param maxPixels a larger picture is refused before it is decoded
 * @throws Error saying what is wrong with it
 */
export async function readPicture(bytes: Uint8Array, maxPixels: number): Promise<Picture> {
  const { format, width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
  if (format !== 'png' && format !== 'jpeg') throw new Error(`the picture is ${format}, not PNG or JPEG`);
  if (width * height > maxPixels) {
    throw new Error(
      `the picture has ${width} × ${height} pixels; at most ${maxPixels / 1e6} million are read`,
    );
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
