/** What speech models take, in samples per second. */
export const SAMPLE_RATE = 16_000;

/** Zero crossings of the kernel on each side. */
const CROSSINGS = 16;
/** The pass band's share of what the lower of both rates can hold. */
const PASS = 0.94;
/** Entries of the kernel's table for each sample of the source; what lies between is interpolated. */
const RESOLUTION = 256;

/**
 * Brings one channel to {@link SAMPLE_RATE} piece by piece, by a windowed sinc that also keeps what the lower rate
 * can't hold from folding back (Smith, "Digital Audio Resampling", ccrma.stanford.edu/~jos/resample).
 */
export class Resampler {
  readonly sampleRate: number;
  /** Samples of the source for each one that comes out. */
  readonly #step: number;
  /** Samples of the source on each side of a place that decide about it. */
  readonly #reach: number;
  readonly #kernel: Float32Array;
  /** Samples of the source that are still needed, and the place of the first in it. */
  #kept: Float32Array = new Float32Array();
  #keptFrom = 0;
  #produced = 0;

  /** @param sampleRate of the source */
  constructor(sampleRate: number) {
    this.sampleRate = sampleRate;
    this.#step = sampleRate / SAMPLE_RATE;
    const cutoff = PASS * Math.min(1, 1 / this.#step);
    this.#reach = Math.ceil(CROSSINGS / cutoff);
    this.#kernel = kernelTable(cutoff, this.#reach);
  }

  /** @returns what can be worked out so far */
  push(samples: Float32Array): Float32Array {
    if (this.#step === 1) return samples;
    const joined = new Float32Array(this.#kept.length + samples.length);
    joined.set(this.#kept);
    joined.set(samples, this.#kept.length);
    this.#kept = joined;
    return this.#produce(this.#keptFrom + joined.length - this.#reach);
  }

  /** @returns the rest, at the end of the source */
  flush(): Float32Array {
    return this.#step === 1 ? new Float32Array() : this.#produce(this.#keptFrom + this.#kept.length);
  }

  /** @param until place in the source up to which output is wanted */
  #produce(until: number): Float32Array {
    const output = new Float32Array(Math.max(0, Math.ceil(until / this.#step) - this.#produced));
    for (let i = 0; i < output.length; i++) output[i] = this.#at((this.#produced + i) * this.#step);
    this.#produced += output.length;
    const spent = Math.floor(this.#produced * this.#step) - this.#reach - this.#keptFrom;
    const dropped = Math.min(this.#kept.length, Math.max(0, spent));
    this.#kept = this.#kept.slice(dropped);
    this.#keptFrom += dropped;
    return output;
  }

  #at(place: number): number {
    const last = Math.min(Math.floor(place + this.#reach), this.#keptFrom + this.#kept.length - 1);
    let sum = 0;
    for (let at = Math.max(Math.ceil(place - this.#reach), this.#keptFrom); at <= last; at++) {
      const entry = Math.abs(at - place) * RESOLUTION;
      const index = Math.floor(entry);
      const left = this.#kernel[index]!;
      sum += this.#kept[at - this.#keptFrom]! * (left + (entry - index) * (this.#kernel[index + 1]! - left));
    }
    return sum;
  }
}

/** One side of a sinc under Blackman's window, whose side lobes are 58 dB down. */
function kernelTable(cutoff: number, reach: number): Float32Array {
  return Float32Array.from({ length: reach * RESOLUTION + 2 }, (_, entry) => {
    const x = Math.min(1, entry / RESOLUTION / reach);
    const phase = (Math.PI * cutoff * entry) / RESOLUTION;
    const window = 0.42 + 0.5 * Math.cos(Math.PI * x) + 0.08 * Math.cos(2 * Math.PI * x);
    return cutoff * window * (phase === 0 ? 1 : Math.sin(phase) / phase);
  });
}

/** @returns seconds of so many samples at {@link SAMPLE_RATE} */
export const secondsOf = (samples: number): number => samples / SAMPLE_RATE;
