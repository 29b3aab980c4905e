/** Sound as a decoder gives it: samples of each channel, from −1 to 1. */
export interface Pcm {
  channels: Float32Array[];
  sampleRate: number;
}

/** Reads one sample, from −1 to 1. */
type ReadSample = (view: DataView, at: number) => number;

const int24 = (view: DataView, at: number): number => (view.getInt8(at + 2) << 16) | view.getUint16(at, true);

/** Bytes of a sample and how it is read, by mediabunny's names of the codecs. */
const FORMATS: Record<string, { bytes: number; read: ReadSample }> = {
  'pcm-u8': { bytes: 1, read: (view, at) => (view.getUint8(at) - 128) / 128 },
  'pcm-s16': { bytes: 2, read: (view, at) => view.getInt16(at, true) / 2 ** 15 },
  'pcm-s24': { bytes: 3, read: (view, at) => int24(view, at) / 2 ** 23 },
  'pcm-s32': { bytes: 4, read: (view, at) => view.getInt32(at, true) / 2 ** 31 },
  'pcm-f32': { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  'pcm-f64': { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  ulaw: { bytes: 1, read: (view, at) => ulaw(view.getUint8(at)) },
  alaw: { bytes: 1, read: (view, at) => alaw(view.getUint8(at)) },
};

/** @returns splits interleaved samples into channels; undefined for a codec that is no plain samples */
export function pcmReader(
  codec: string,
  channels: number,
): ((bytes: Uint8Array) => Float32Array[]) | undefined {
  const format = FORMATS[codec];
  if (!format) return undefined;
  return (bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const frames = Math.floor(bytes.length / (format.bytes * channels));
    return Array.from({ length: channels }, (_, channel) =>
      Float32Array.from({ length: frames }, (__, frame) =>
        format.read(view, (frame * channels + channel) * format.bytes),
      ),
    );
  };
}

/** ITU-T G.711, µ-law: sign, exponent and mantissa, all bits inverted. */
function ulaw(byte: number): number {
  const code = ~byte & 0xff;
  const magnitude = ((((code & 0x0f) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84;
  return (code & 0x80 ? -magnitude : magnitude) / 2 ** 15;
}

/** ITU-T G.711, A-law: sign, exponent and mantissa, every second bit inverted. */
function alaw(byte: number): number {
  const code = byte ^ 0x55;
  const exponent = (code & 0x70) >> 4;
  const mantissa = ((code & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return (code & 0x80 ? magnitude : -magnitude) / 2 ** 15;
}
