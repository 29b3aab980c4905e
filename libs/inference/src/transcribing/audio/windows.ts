import { SAMPLE_RATE, secondsOf } from './resampler.js';

/** A stretch of sound that a model takes at once. */
export interface AudioWindow {
  /** Seconds from the file's beginning. */
  start: number;
  samples: Float32Array;
}

/** Longest stretch, in seconds: what Whisper's encoder is made for. */
const LONGEST = 30;
/** The stretch is cut at its quietest place behind so many seconds: a word in two halves is a word lost. */
const CUT_FROM = 20;
/** Length of the places that are compared, in seconds. */
const PLACE = 0.1;
/** Where no place is louder than this (−60 dB), nobody speaks; models would make words up. */
const SILENT = 0.001;

/** @returns the stretches in which there is something to hear, in their order; an error of the pieces passes through */
export async function* speechWindows(pieces: AsyncIterable<Float32Array>): AsyncGenerator<AudioWindow> {
  let rest = new Float32Array();
  let start = 0;
  for await (const piece of pieces) {
    rest = appended(rest, piece);
    while (rest.length > LONGEST * SAMPLE_RATE) {
      const cut = quietestPlace(rest);
      if (isHeard(rest.subarray(0, cut))) yield { start: secondsOf(start), samples: rest.slice(0, cut) };
      rest = rest.slice(cut);
      start += cut;
    }
  }
  if (isHeard(rest)) yield { start: secondsOf(start), samples: rest };
}

/** @returns the middle of the quietest place between {@link CUT_FROM} and {@link LONGEST} */
function quietestPlace(samples: Float32Array): number {
  const length = PLACE * SAMPLE_RATE;
  let quietest = LONGEST * SAMPLE_RATE - length;
  let least = Infinity;
  for (let at = CUT_FROM * SAMPLE_RATE; at + length <= LONGEST * SAMPLE_RATE; at += length) {
    const loudness = power(samples.subarray(at, at + length));
    if (loudness < least) [least, quietest] = [loudness, at];
  }
  return quietest + length / 2;
}

/** @returns whether any place is loud enough for speech */
export function isHeard(samples: Float32Array): boolean {
  const length = PLACE * SAMPLE_RATE;
  for (let at = 0; at + length <= samples.length; at += length)
    if (power(samples.subarray(at, at + length)) > SILENT ** 2) return true;
  return false;
}

const power = (samples: Float32Array): number =>
  samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;

function appended(first: Float32Array, second: Float32Array): Float32Array<ArrayBuffer> {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
