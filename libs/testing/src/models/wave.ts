/** A tone for so many seconds; 0 Hz is silence. */
export interface Tone {
  hertz: number;
  seconds: number;
}

/** @returns the samples of tones one after the other, half as loud as can be */
export function toneSamples(tones: readonly Tone[], sampleRate: number): Float32Array {
  const pieces = tones.map(({ hertz, seconds }) =>
    Array.from({ length: Math.round(seconds * sampleRate) }, (_, i) =>
      hertz === 0 ? 0 : 0.5 * Math.sin((2 * Math.PI * hertz * i) / sampleRate),
    ),
  );
  return Float32Array.from(pieces.flat());
}

/** @returns a WAV file of one channel of 16-bit samples */
export function waveFile(samples: Float32Array, sampleRate = 16_000): Buffer {
  const data = Buffer.from(Int16Array.from(samples, (sample) => Math.round(sample * 32_767)).buffer);
  return wave({ format: 1, channels: 1, sampleRate, bits: 16 }, data);
}

export interface WaveFormat {
  /** 1: whole numbers, 3: floats, 6: A-law, 7: µ-law. */
  format: number;
  channels: number;
  sampleRate: number;
  /** Of one sample. */
  bits: number;
}

/** @returns a WAV file of these bytes */
export function wave({ format, channels, sampleRate, bits }: WaveFormat, data: Buffer): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF');
  header.writeUInt32LE(36 + data.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(format, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(sampleRate, 24);
  header.writeUInt32LE((sampleRate * channels * bits) / 8, 28);
  header.writeUInt16LE((channels * bits) / 8, 32);
  header.writeUInt16LE(bits, 34);
  header.write('data', 36);
  header.writeUInt32LE(data.length, 40);
  return Buffer.concat([header, data]);
}
