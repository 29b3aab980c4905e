import { readFile } from 'node:fs/promises';
import type { PacketDecoder, TrackConfig } from './packet-decoder.js';
import { UnreadableAudioError } from './unreadable-audio.error.js';

/** Symphonia's decoder (`libs/inference/aac`). The folder is as far above `src` as above `dist`. */
const MODULE = new URL('../../../aac/aac.wasm', import.meta.url);

/** What `aac/src/lib.rs` exports; places and sizes are in the module's memory. */
interface Exports {
  memory: { buffer: ArrayBuffer };
  reserve(size: number): number;
  release(start: number, size: number): void;
  open(start: number, size: number, rate: number): number;
  /** @returns channels that came out; 0 where the frame is damaged */
  decode(state: number, start: number, size: number): number;
  samples(state: number): number;
  frames(state: number): number;
  rate(state: number): number;
}

/** The part of the global that is used here; its types come with browsers' alone. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: object): Promise<{ exports: unknown }>;
};

let compiled: Promise<object> | undefined;

/** @throws UnreadableAudioError for kinds of AAC that the module does not know */
export async function aacDecoder({ description, sampleRate }: TrackConfig): Promise<PacketDecoder> {
  compiled ??= readFile(MODULE).then((bytes) => WebAssembly.compile(bytes));
  // Each file has a module's memory of its own, which goes with it: nothing is to be freed.
  const { exports } = await WebAssembly.instantiate(await compiled, {});
  const module = exports as Exports;
  const state = handOver(module, description ?? new Uint8Array(), (start, size) =>
    module.open(start, size, sampleRate),
  );
  if (state === 0)
    throw new UnreadableAudioError({
      en: "this kind of AAC can't be decoded here, but AAC-LC can",
      zh: '此处无法解码这种 AAC，仅支持 AAC-LC',
    });
  return {
    decode: (packets) => {
      const frames = packets.map(({ data }) => decodeFrame(module, state, data));
      const channels = Math.max(1, ...frames.map(({ length }) => length));
      return {
        channels: Array.from({ length: channels }, (_, channel) =>
          joined(frames.flatMap((frame) => frame[channel] ?? [])),
        ),
        sampleRate: module.rate(state),
      };
    },
    free: () => undefined,
  };
}

/** @returns the channels of a frame; none where it is damaged */
function decodeFrame(module: Exports, state: number, data: Uint8Array): Float32Array[] {
  const channels = handOver(module, data, (start, size) => module.decode(state, start, size));
  const frames = module.frames(state);
  const start = module.samples(state);
  // A copy: the memory is the next frame's, and moves when it grows.
  return Array.from({ length: channels }, (_, channel) =>
    new Float32Array(module.memory.buffer, start + channel * frames * 4, frames).slice(),
  );
}

function handOver<T>(module: Exports, bytes: Uint8Array, use: (start: number, size: number) => T): T {
  const start = module.reserve(bytes.length);
  new Uint8Array(module.memory.buffer).set(bytes, start);
  const result = use(start, bytes.length);
  module.release(start, bytes.length);
  return result;
}

function joined(pieces: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
