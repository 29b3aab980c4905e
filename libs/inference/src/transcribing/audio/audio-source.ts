import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input, type EncodedPacket } from 'mediabunny';
import { packetDecoder } from './packet-decoder.js';
import { Resampler } from './resampler.js';
import { UnreadableAudioError } from './unreadable-audio.error.js';

/** Packets that are decoded together: about a second of speech. */
const PACKETS = 50;

const DAMAGED = {
  en: 'the file is damaged or cut off, or is no audio',
  zh: '文件已损坏、不完整，或并非音频',
};

/** The sound of a file, as speech models take it. */
export interface AudioSource {
  /** What the container says; 0 where it says nothing. */
  seconds: number;
  /** Mono, {@link SAMPLE_RATE} samples per second, piece by piece. Throws UnreadableAudioError. */
  pieces: AsyncGenerator<Float32Array>;
}

/**
 * Opens a file's first sound track. It is decoded as it is read: an hour of it never lies in memory.
 * @param bytes WAV, MP3, M4A, WebM, Ogg or FLAC
 * @throws UnreadableAudioError where there is none, or its codec can't be decoded here
 */
export async function openAudio(bytes: Uint8Array): Promise<AudioSource> {
  const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(bytes) });
  try {
    const track = await readable(input.getPrimaryAudioTrack());
    const config = track && (await readable(track.getDecoderConfig()));
    const codec = track && (await readable(track.getCodec()));
    if (!config || !codec)
      throw new UnreadableAudioError({ en: 'there is no sound in the file', zh: '文件中没有声音' });
    const decoder = await packetDecoder({
      codec,
      channels: config.numberOfChannels,
      sampleRate: config.sampleRate,
      description: config.description && bytesOf(config.description),
    });
    const seconds = await readable(input.computeDuration());
    return { seconds, pieces: decode(input, new EncodedPacketSink(track).packets(), decoder) };
  } catch (error) {
    input.dispose();
    throw error;
  }
}

async function* decode(
  input: Input,
  packets: AsyncGenerator<EncodedPacket>,
  decoder: Awaited<ReturnType<typeof packetDecoder>>,
): AsyncGenerator<Float32Array> {
  let resampler: Resampler | undefined;
  try {
    for await (const some of inGroups(packets)) {
      const { channels, sampleRate } = await readable(Promise.resolve(decoder.decode(some)));
      if (!channels[0]?.length) continue;
      if (resampler && resampler.sampleRate !== sampleRate) yield resampler.flush();
      if (resampler?.sampleRate !== sampleRate) resampler = new Resampler(sampleRate);
      yield resampler.push(mono(channels));
    }
    if (resampler) yield resampler.flush();
  } finally {
    decoder.free();
    input.dispose();
  }
}

async function* inGroups(packets: AsyncGenerator<EncodedPacket>): AsyncGenerator<EncodedPacket[]> {
  let group: EncodedPacket[] = [];
  for (;;) {
    const { value, done } = await readable(packets.next());
    if (!done) group.push(value);
    if (group.length === PACKETS || (done && group.length > 0)) {
      yield group;
      group = [];
    }
    if (done) return;
  }
}

/** Whatever a demuxer or decoder fails with, it is the file. */
function readable<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw error instanceof UnreadableAudioError ? error : new UnreadableAudioError(DAMAGED);
  });
}

function bytesOf(source: ArrayBufferLike | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
}

function mono(channels: readonly Float32Array[]): Float32Array {
  const [first] = channels;
  if (channels.length === 1) return first!;
  return first!.map(
    (_, i) => channels.reduce((sum, channel) => sum + (channel[i] ?? 0), 0) / channels.length,
  );
}
