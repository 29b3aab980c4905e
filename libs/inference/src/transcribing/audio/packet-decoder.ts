import type { EncodedPacket } from 'mediabunny';
import { aacDecoder } from './aac.decoder.js';
import { type Pcm, pcmReader } from './pcm.js';
import { SAMPLE_RATE } from './resampler.js';
import { UnreadableAudioError } from './unreadable-audio.error.js';

/** Turns the packets of one track into sound, in their order. Packets that are damaged are passed over. */
export interface PacketDecoder {
  decode(packets: readonly EncodedPacket[]): Pcm | Promise<Pcm>;
  /** Gives its memory back. */
  free(): void;
}

/** What a container says about its track. */
export interface TrackConfig {
  codec: string;
  channels: number;
  sampleRate: number;
  /** The codec's own header. */
  description: Uint8Array | undefined;
}

/** @throws UnreadableAudioError for a codec that can't be decoded here */
export async function packetDecoder(track: TrackConfig): Promise<PacketDecoder> {
  switch (track.codec) {
    case 'aac':
      return aacDecoder(track);
    case 'mp3':
      return mp3Decoder();
    case 'opus':
      return opusDecoder(track);
    case 'flac':
      return flacDecoder();
    case 'vorbis':
      return vorbisDecoder(track);
  }
  const read = pcmReader(track.codec, track.channels);
  if (!read)
    throw new UnreadableAudioError({
      en: `sound of the codec ${track.codec} can't be decoded here`,
      zh: `此处无法解码 ${track.codec} 编码的音频`,
    });
  return {
    decode: (packets) => ({
      channels: joined(packets.map(({ data }) => read(data))),
      sampleRate: track.sampleRate,
    }),
    free: () => undefined,
  };
}

const bytesOf = (packets: readonly EncodedPacket[]): Uint8Array[] => packets.map(({ data }) => data);

async function mp3Decoder(): Promise<PacketDecoder> {
  const { MPEGDecoder } = await import('mpg123-decoder');
  const decoder = new MPEGDecoder();
  await decoder.ready;
  return {
    decode: (packets) => {
      const { channelData, sampleRate } = decoder.decodeFrames(bytesOf(packets));
      return { channels: channelData, sampleRate };
    },
    free: () => decoder.free(),
  };
}

async function flacDecoder(): Promise<PacketDecoder> {
  const { FLACDecoder } = await import('@wasm-audio-decoders/flac');
  const decoder = new FLACDecoder();
  await decoder.ready;
  return {
    decode: async (packets) => {
      const { channelData, sampleRate } = await decoder.decodeFrames(bytesOf(packets));
      return { channels: channelData, sampleRate };
    },
    free: () => decoder.free(),
  };
}

/** Opus decodes to the rate that is wanted by itself. @see RFC 7845, 5.1, for the header */
async function opusDecoder({ channels, description }: TrackConfig): Promise<PacketDecoder> {
  const { OpusDecoder } = await import('opus-decoder');
  const mapped = description && description.length > 21 && description[18] !== 0;
  const decoder = new OpusDecoder({
    sampleRate: SAMPLE_RATE,
    channels,
    preSkip: description ? description[10]! | (description[11]! << 8) : 0,
    ...(mapped
      ? {
          streamCount: description[19]!,
          coupledStreamCount: description[20]!,
          channelMappingTable: [...description.subarray(21, 21 + channels)],
        }
      : {}),
  });
  await decoder.ready;
  return {
    decode: (packets) => {
      const { channelData, sampleRate } = decoder.decodeFrames(bytesOf(packets));
      return { channels: channelData, sampleRate };
    },
    free: () => decoder.free(),
  };
}

/** The decoder takes packets as pages of Ogg, the first with the codec's set-up, whatever container they came in. */
async function vorbisDecoder({ description }: TrackConfig): Promise<PacketDecoder> {
  const { OggVorbisDecoder } = await import('@wasm-audio-decoders/ogg-vorbis');
  type Pages = Parameters<InstanceType<typeof OggVorbisDecoder>['decodeOggPages']>[0];
  const decoder = new OggVorbisDecoder();
  await decoder.ready;
  const [identification, vorbisComments, vorbisSetup] = vorbisHeaders(description ?? new Uint8Array());
  const header = { vorbisComments, vorbisSetup };
  return {
    decode: async (packets) => {
      const codecFrames = packets.map(({ data }) => ({ data, header }));
      const page = { data: identification, codecFrames };
      const { channelData, sampleRate } = await decoder.decodeOggPages([page] as unknown as Pages);
      return { channels: channelData, sampleRate };
    },
    free: () => decoder.free(),
  };
}

/** Takes the three headers of Vorbis apart, which stand behind their number less one and their sizes (Xiph lacing). */
function vorbisHeaders(description: Uint8Array): [Uint8Array, Uint8Array, Uint8Array] {
  let at = 1;
  const size = (): number => {
    let sum = 0;
    while (description[at] === 255) sum += description[at++]!;
    return sum + (description[at++] ?? 0);
  };
  const [first, second] = [size(), size()];
  return [
    description.subarray(at, at + first),
    description.subarray(at + first, at + first + second),
    description.subarray(at + first + second),
  ];
}

function joined(parts: readonly Float32Array[][]): Float32Array[] {
  return (parts[0] ?? []).map((_, channel) => {
    const pieces = parts.map((part) => part[channel]!);
    const whole = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  });
}
